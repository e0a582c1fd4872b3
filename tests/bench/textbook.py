"""The peer: the same steps as a careful reader of the tutorials would write them.

One update, one regular activity and one timer per step; dataclasses; the SDK's own converter, sandbox and event loop. What its activity
writes is what ours writes, by the same code. It does less than ours where the tutorials do less: no numbers given out, no payload codec,
no search attributes, no rules beyond the order of the steps, and its deadlines only note that they have passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from tests.bench.textbook_record import Entry, RecordActivities, Step

TEXTBOOK_QUEUE = "textbook"

TERMS = {
    "file": timedelta(hours=1),
    "approve": timedelta(days=1),
    "assign": timedelta(days=1),
    "accept": timedelta(days=1),
    "reply": timedelta(days=7),
    "record_revisit": timedelta(days=3),
    "sign_off": timedelta(days=3),
    "disclose": timedelta(days=5),
    "countersign": timedelta(days=5),
}


@dataclass
class Case:
    """The input of a case: its number and the steps it goes through."""

    number: str
    steps: list[str]


@workflow.defn
class TextbookPetition:
    """One case, step by step."""

    @workflow.init
    def __init__(self, case: Case) -> None:
        self._case = case
        self._done = 0
        self._seq = 0
        self._overdue: list[str] = []

    @workflow.run
    async def run(self, case: Case) -> list[str]:
        for position, name in enumerate(case.steps, start=1):
            try:
                await workflow.wait_condition(lambda until=position: self._done >= until, timeout=TERMS[name])
            except TimeoutError:
                self._overdue.append(name)
                await workflow.wait_condition(lambda until=position: self._done >= until)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._overdue

    @workflow.update
    async def take(self, step: Step) -> str:
        self._seq = await workflow.execute_activity_method(
            RecordActivities.record,
            Entry(number=self._case.number, seq=self._seq, step=step),
            start_to_close_timeout=timedelta(seconds=10),
        )
        self._done += 1
        return step.name

    @take.validator
    def check(self, step: Step) -> None:
        if self._done >= len(self._case.steps) or self._case.steps[self._done] != step.name:
            raise ApplicationError(f"not the time to {step.name}")
