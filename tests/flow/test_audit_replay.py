"""Did this code decide that: cases as people and the ladder carried them, replayed, and held against a record that somebody has altered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.case_type import PETITION
from schemas.petition.commit import CommitOrder
from schemas.petition.refusals import refuse
from schemas.petition.rules import decide, ladder
from schemas.petition.wording.narration import narrate
from tests.databases import by_owner
from tests.flow.house import HANDLER, SUPERVISOR, House
from tests.flow.paths import LEAD, approved, merged, overdue, reopened, reworked, straight_simple, supervised, together
from workers.replay import Outcome, Verdict, decisions_by, replaying
from workers.replay.judging import ReplayOptions, judged_here
from workers.replay.sources import Source, Sources, case_numbers
from workflows.contract import PetitionStart
from workflows.petition import PetitionWorkflow

pytestmark = [pytest.mark.flow, pytest.mark.evidence, pytest.mark.asyncio(loop_scope="session")]


class NoArchive:
    """An archive in which nothing has been laid down."""

    async def histories(self, case_number: str, run: int) -> list[WorkflowHistory]:
        raise AssertionError("nothing is archived")


def sources(house: House) -> Sources:
    return Sources(house.database, house.client, None, NoArchive)


async def verdicts(house: House, numbers: list[str], manner: ReplayOptions | None = None) -> dict[str, Verdict]:
    found: dict[str, Verdict] = {}

    async def each() -> AsyncGenerator[str]:
        for number in numbers:
            yield number

    await judged_here(
        sources(house), manner or ReplayOptions(), each(), lambda verdict: found.update({verdict.case: verdict})
    )
    return found


async def verdict(house: House, number: str) -> Verdict:
    return (await verdicts(house, [number]))[number]


async def test_what_people_and_the_ladder_did_was_decided_so(house: House) -> None:
    numbers = [number for path in (reworked, merged, overdue, reopened, together) for number in await path(house)]
    found = await verdicts(house, numbers)
    assert {number: each.difference for number, each in found.items()} == dict.fromkeys(numbers)
    for number, each in found.items():
        assert each.events == len(await house.events(number))
    assert set(numbers) <= {number async for number in case_numbers(house.database)}
    async with replaying(None) as replay:
        decided = decisions_by(sources(house), replay)
        assert await decided(numbers[0]) == await house.events(numbers[0])
        assert await decided("XA-2026-C-999999") is None


async def test_code_that_decides_otherwise_by_the_same_commands_is_found(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await supervised(house)
    decide = PETITION.decide

    def to_another_office(state: Any, order: c.Order, at: Any) -> Any:
        events = decide(state, order, at)
        return [
            event.model_copy(update={"lead": "XA/A3/04"}) if isinstance(event, e.Assigned) else event
            for event in events
        ]

    with monkeypatch.context() as patched:
        patched.setattr(PetitionWorkflow, "case_type", replace(PETITION, decide=to_another_office))
        found = (await verdict(house, number)).difference
    assert found is not None
    recorded = (await house.events(number))[found.seq - 1]
    assert (found.code, recorded.kind) == ("decision", "assigned")
    assert [(each.path, each.recorded, each.decided) for each in found.fields] == [("lead", LEAD, "XA/A3/04")]
    assert found.recorded is not None
    assert (found.recorded.zh, found.recorded.en) == narrate(recorded)
    assert "XA/A3/04" in found.zh
    assert (await verdict(house, number)).outcome is Outcome.SAME


async def test_a_changed_ladder_is_found_at_its_first_other_rung(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    [number] = await overdue(house)
    rungs = ladder._promise_rungs  # pyright: ignore[reportPrivateUsage] - what another release would have changed

    def without(name: str, *given: Any) -> Any:
        return [each for each in rungs(*given) if each.name != name]

    def of_another_colour(*given: Any) -> Any:
        return [each._replace(card=None) if each.name == "yellow" else each for each in rungs(*given)]

    with monkeypatch.context() as patched:
        patched.setattr(ladder, "_promise_rungs", partial(without, "yellow"))
        dropped = (await verdict(house, number)).difference
    with monkeypatch.context() as patched:
        patched.setattr(ladder, "_promise_rungs", of_another_colour)
        pale = (await verdict(house, number)).difference
    assert dropped is not None
    assert pale is not None
    for found, code in ((dropped, "commands"), (pale, "decision")):
        recorded = (await house.events(number))[found.seq - 1]
        assert isinstance(recorded, e.Escalated)
        assert (found.code, recorded.rung) == (code, "yellow")
        assert narrate(recorded)[0] in found.zh
    assert [each.path for each in pale.fields] == ["card"]


@workflow.defn(name="petition")
class WithOneTimerMore(PetitionWorkflow):
    """What a careless change would look like to a case."""

    @workflow.init
    def __init__(self, start: PetitionStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: PetitionStart) -> None:
        await workflow.sleep(1)
        await super().run(start)


async def test_other_commands_are_found_with_the_event_of_the_history(house: House) -> None:
    [number] = await straight_simple(house)
    found = (await verdicts(house, [number], ReplayOptions(workflow=WithOneTimerMore)))[number].difference
    assert found is not None
    assert found.code == "commands"
    history = await house.handle(number).fetch_history()
    assert (
        history.events[found.history_event - 1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
    )
    assert "Nondeterminism" in found.sdk


async def test_code_that_refuses_what_was_carried_out_is_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await approved(house)

    def refusing(*_: object) -> Refusal:
        return refuse("scope_wrong", reach="", owner="")

    monkeypatch.setattr(PetitionWorkflow, "case_type", replace(PETITION, decide=refusing))
    found = (await verdict(house, number)).difference
    assert found is not None
    assert (found.code, found.seq) == ("commands", 1)
    assert found.recorded is not None
    assert found.recorded.kind == "filed"


async def test_what_other_cases_are_told_is_compared(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    [_, member, *_] = await merged(house)
    tell = PETITION.messages

    def otherwise(state: Any, events: Any, patched: Any) -> Any:
        return [
            each.model_copy(update={"command_id": f"{each.command_id}-other"}) for each in tell(state, events, patched)
        ]

    monkeypatch.setattr(PetitionWorkflow, "case_type", replace(PETITION, messages=otherwise))
    found = (await verdict(house, member)).difference
    assert found is not None
    assert found.code == "told"


async def test_an_altered_record_is_told_apart_from_what_was_decided(house: House) -> None:
    number = await supervised(house)
    await by_owner(
        house.database,
        "UPDATE events SET payload = jsonb_set(payload, '{lead}', '\"XA/A3/09\"')"
        " WHERE case_number = :number AND kind = 'assigned'",
        number=number,
    )
    found = (await verdict(house, number)).difference
    assert found is not None
    assert (found.code, [each.path for each in found.fields]) == ("decision", ["lead"])
    assert (found.fields[0].recorded, found.fields[0].decided) == ("XA/A3/09", LEAD)


async def test_a_record_that_lost_its_end_or_was_given_another(house: House) -> None:
    [number] = await straight_simple(house)
    last = len(await house.events(number))
    forge = (
        "INSERT INTO events SELECT case_number, seq + 1, kind, version, at, recorded_at, actor_id, actor_role, actor_unit,"
        " command_id, payload, algorithm, link FROM events WHERE case_number = :number AND seq = :last"
    )
    await by_owner(house.database, forge, number=number, last=last)
    found = await verdict(house, number)
    assert found.difference is not None
    assert (found.difference.code, found.difference.seq, found.events) == ("record_long", last + 1, last)
    await by_owner(
        house.database, "DELETE FROM events WHERE case_number = :number AND seq >= :last", number=number, last=last
    )
    found = await verdict(house, number)
    assert found.difference is not None
    assert (found.difference.code, found.difference.seq) == ("record_short", last)
    assert found.difference.decided is not None
    assert found.difference.decided.kind == "sealed"


async def test_an_order_under_way_is_no_difference(house: House) -> None:
    number = await supervised(house)
    after = await house.record.state(number)
    written, going_on = asyncio.Event(), asyncio.Event()

    async def lost(order: CommitOrder) -> None:
        if order.number == number:
            written.set()
            await going_on.wait()

    house.record.after_commit = lost
    try:
        urging = asyncio.ensure_future(house.act(number, SUPERVISOR, c.Urge(text="请抓紧")))
        await written.wait()
        found = await verdict(house, number)
    finally:
        going_on.set()
    await urging
    assert after is not None
    assert (found.outcome, found.events, found.ahead) == (Outcome.SAME, after.seq, 1)
    found = await verdict(house, number)
    assert (found.outcome, found.events, found.ahead) == (Outcome.SAME, after.seq + 1, 0)


async def test_a_commit_whose_answer_was_lost_is_still_seen_to_be_decided(house: House) -> None:
    number = await supervised(house)
    failed = False

    async def once(order: CommitOrder) -> None:
        nonlocal failed
        if order.number == number and not failed:
            failed = True
            raise ConnectionError("the answer never came")

    house.record.after_commit = once
    await house.act(number, SUPERVISOR, c.Urge(text="请抓紧"))
    found = await verdict(house, number)
    assert failed
    assert (found.outcome, found.told) == (Outcome.SAME, 0)


async def test_what_the_record_answered_instead_is_taken_from_it(house: House) -> None:
    number = await supervised(house)
    state = await house.record.state(number)
    assert state is not None
    order = c.Order(actor=SUPERVISOR, command=c.Urge(text="另一个"))
    other = decide(state, order, await house.now(number))
    assert not isinstance(other, Refusal)
    beside = CommitOrder(
        number=number, command_id="beside", expected_seq=state.seq, actor=SUPERVISOR, events=tuple(other)
    )
    house.record.before_commit = lambda offered: _written_first(house, beside, offered)
    await house.act(number, HANDLER, c.ReportProgress(text="正在修"))
    found = await verdict(house, number)
    assert (found.outcome, found.told) == (Outcome.SAME, len(other))


async def _written_first(house: House, beside: CommitOrder, offered: CommitOrder) -> None:
    if offered.number == beside.number and offered.command_id != beside.command_id:
        house.record.before_commit = None
        await house.record.commit(beside)


async def test_a_case_whose_history_is_gone_is_replayed_from_the_archive(house: House) -> None:
    [number] = await straight_simple(house)
    kept = (await sources(house).material(number)).histories
    await by_owner(
        house.database,
        "INSERT INTO archives VALUES (:number, 1, 'k1', '', now())",
        number=number,
    )

    class Kept:
        async def histories(self, case_number: str, run: int) -> list[WorkflowHistory]:
            return list(kept)

    found = await verdict_from(Sources(house.database, house.client, None, Kept), number, Source.ARCHIVE)
    assert (found.outcome, found.events) == (Outcome.SAME, len(await house.events(number)))


async def verdict_from(given: Sources, number: str, source: Source) -> Verdict:
    found: list[Verdict] = []

    async def each() -> AsyncGenerator[str]:
        yield number

    await judged_here(given, ReplayOptions(source), each(), found.append)
    return found[0]


async def test_what_no_history_tells_is_said_to_be_missing(house: House) -> None:
    [number] = await straight_simple(house)
    found = await verdict_from(sources(house), number, Source.ARCHIVE)
    assert found.outcome is Outcome.MISSING
    assert found.difference is not None
    assert found.difference.seq == 1
