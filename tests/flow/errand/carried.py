"""The errand as the engine carries it."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from schemas.streams.case_type import CaseType
    from tests.flow.errand.errand import ERRAND, Errand, ErrandStart
    from workflows.case import CaseWorkflow


@workflow.defn(name=ERRAND.kind)
class ErrandWorkflow(CaseWorkflow):
    """One errand."""

    case_type: ClassVar[CaseType[Any, Any]] = ERRAND

    @workflow.init
    def __init__(self, start: ErrandStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ErrandStart) -> None:
        """Until it is done."""
        await self.carry()

    def start_afresh(self, number: str, state: Errand) -> NoReturn:
        """See base class."""
        workflow.continue_as_new(ErrandStart(number=number, state=state))
