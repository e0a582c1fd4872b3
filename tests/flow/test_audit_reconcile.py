"""Do engine, record and read model agree: a busy system does, and whatever is altered on one side is named."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import multiprocessing
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError
from typer.testing import CliRunner, Result

from activities.evidence.journal import Journal
from activities.evidence.reconcile import Outcome, Span, carry_on, looking, reconcile_all, repair
from activities.record.intake import CaseNumberAllocator
from activities.record.seed import seed
from activities.settings import Settings
from gateway.cli.main import application
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import SYSTEM
from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.state import Petition
from schemas.sealing.keys import KeyRing
from tests.databases import by_owner
from tests.flow.house import SUPERVISOR, House, content, own_house
from tests.flow.paths import LEAD, PATHS, approved, straight_simple, supervised
from tests.keys import RING
from workers.replay.judging import ReplayOptions
from workers.replay.processes import ProcessDiedError, judged_in_processes
from workflows.contract import PETITION_WORKFLOW, PETITIONS_QUEUE, PetitionStart, workflow_id

AUDITOR = "fu-zhiyuan"
"""Of the demonstration's city."""

KEYS = "k1:" + base64.b64encode(bytes(32)).decode()
"""What the command starts in the engine, the house's worker must be able to read."""

pytestmark = [pytest.mark.flow, pytest.mark.evidence, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_dsn: str) -> AsyncIterator[House]:
    """A house on an engine and a database of its own: what other tests leave behind belongs to no case of this one."""
    async with own_house(database_dsn, "reconciled", keyring=KeyRing.parse(KEYS)) as house:
        yield house


async def reconciled(house: House, *, later: timedelta = timedelta(0), **given: Any) -> Outcome:
    return await reconcile_all(house.database, house.client, clock=lambda: datetime.now(UTC) + later, **given)


def by_case(outcome: Outcome) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in outcome.found:
        found.setdefault(each.case, []).append(each.code)
    return found


async def run(house: House, number: str, state: Petition | None, *, queue: str = PETITIONS_QUEUE) -> None:
    """A run of that workflow in the place of the one there is."""
    with contextlib.suppress(RPCError):
        await house.handle(number).terminate()
    await house.client.start_workflow(
        PETITION_WORKFLOW, PetitionStart(number=number, state=state), id=workflow_id(number), task_queue=queue
    )


async def test_a_system_at_work_agrees_with_itself(house: House) -> None:
    numbers = [number for walk in PATHS.values() for number in await walk(house)]
    done, busy = asyncio.Event(), await supervised(house)

    async def work() -> None:
        while not done.is_set():
            await house.act(busy, SUPERVISOR, c.Urge(text="请抓紧"))

    working = asyncio.create_task(work())
    outcome = await reconciled(house, span=Span(everything=True))
    done.set()
    await working
    assert outcome.found == ()
    assert outcome.cases >= len(numbers) + 1
    assert (await reconciled(house)).found == ()


@pytest.fixture
def sanzhang(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[Result]]:
    """The command line at that house, as the administrator."""
    monkeypatch.setenv("SANZHANG_TEMPORAL", house.client.service_client.config.target_host)
    monkeypatch.setenv("SANZHANG_DATABASE_DSN", house.dsn)
    monkeypatch.setenv("SANZHANG_KEYS", KEYS)
    monkeypatch.setenv("SANZHANG_DATA_DIR", str(tmp_path))

    async def run(*arguments: str) -> Result:
        # The command has a loop of its own; the worker goes on in this one.
        return await asyncio.to_thread(CliRunner().invoke, application(["audit", "board"]), arguments)

    return run


async def test_every_case_is_replayed_by_the_command_and_the_rest_after_a_stop(
    house: House, sanzhang: Callable[..., Awaitable[Result]], tmp_path: Path
) -> None:
    file = tmp_path / "replayed.jsonl"
    done = await sanzhang("audit", "replay", "--all", "--jobs", "2", "--journal", str(file), "--json")
    assert done.exit_code == 0, done.output
    counts = json.loads(done.stdout)["counts"]
    assert counts["same"] == counts["cases"] == len(file.read_bytes().splitlines())
    lines = file.read_bytes().splitlines(keepends=True)
    # Stopped in the middle of a line, with all but that and one more done.
    file.write_bytes(b"".join(lines[:-2]) + lines[-2][:20])
    again = await sanzhang("audit", "replay", "--all", "--journal", str(file), "--json")
    assert json.loads(again.stdout)["counts"] == counts
    assert sorted(file.read_bytes().splitlines(keepends=True)) == sorted(lines)
    entries = [entry async for entry in Journal(house.database).entries(kinds=[EntryKind.REPLAYED])]
    assert [entry.body["counts"]["cases"] for entry in entries] == [counts["cases"]] * 2
    one = await sanzhang("audit", "replay", json.loads(lines[0])["case"])
    assert one.exit_code == 0
    assert "决定相同 1" in one.stdout


async def test_processes_that_replay_end_with_whoever_started_them(
    house: House, sanzhang: Callable[..., Awaitable[Result]]
) -> None:
    number = await approved(house)
    settings = Settings.from_environment(os.environ)

    async def endless() -> AsyncGenerator[str]:
        while True:
            yield number

    begun = asyncio.Event()
    replaying = asyncio.create_task(
        judged_in_processes(settings, ReplayOptions(), endless(), lambda _: begun.set(), jobs=1)
    )
    await begun.wait()
    [killed] = multiprocessing.active_children()
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    with pytest.raises(ProcessDiedError):
        await replaying
    assert multiprocessing.active_children() == []


async def test_one_line_of_the_board_tells_of_the_last_reconciliation(
    house: House, sanzhang: Callable[..., Awaitable[Result]]
) -> None:
    await seed(house.dsn, demo=True)
    number = await approved(house)
    assert "尚未对账" in (await sanzhang("board")).stdout
    assert (await sanzhang("audit", "reconcile")).exit_code == 0
    assert "三方一致" in (await sanzhang("board")).stdout
    await by_owner(house.database, "UPDATE cases SET card = 'red' WHERE case_number = :number", number=number)
    found = await sanzhang("audit", "reconcile", "--json")
    assert found.exit_code == 1
    assert [each["code"] for each in json.loads(found.stdout)["found"]] == ["row_differs"]
    last = await Journal(house.database).latest(EntryKind.RECONCILED)
    assert last is not None
    assert "不符 1 处" in (await sanzhang("board")).stdout
    assert (last.actor.id, last.body["findings"]) == ("administrator", 1)
    as_auditor = ("audit", "reconcile", "--as", AUDITOR)
    assert [(await sanzhang(*as_auditor, *more)).exit_code for more in ((), ("--repair",))] == [1, 2]
    repaired = await sanzhang("audit", "reconcile", "--repair", "--why", "对账修复", "--json")
    assert (repaired.exit_code, json.loads(repaired.stdout)["repaired"]) == (0, {number: 1})
    await house.agreed(number)


async def test_an_open_case_without_a_run_is_carried_on_from_the_record(
    house: House, sanzhang: Callable[..., Awaitable[Result]]
) -> None:
    lost, both = await _without_run(house), await _without_run(house)
    await by_owner(house.database, "DELETE FROM cases WHERE case_number = :number", number=both)
    mended = await sanzhang("audit", "reconcile", "--repair", "--why", "引擎丢了流程", "--json")
    told = json.loads(mended.stdout)
    assert (mended.exit_code, told["carried_on"], list(told["repaired"])) == (0, [lost, both], [both])
    entry = await Journal(house.database).latest(EntryKind.REPAIRED)
    assert entry is not None
    assert (entry.case_number, entry.reason, entry.body) == (
        both,
        "引擎丢了流程",
        {"changed": {"run": [None, "running"]}},
    )
    for number in (lost, both):
        await house.agreed(number)
        await house.act(number, SUPERVISOR, c.Assign(lead=LEAD))
        await house.agreed(number)
    again = await sanzhang("audit", "reconcile", "--repair")
    assert again.exit_code == 0
    assert "重新启动" not in again.stdout


async def test_whatever_is_out_of_step_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "PAUSE", 0.02)
    expected: dict[str, list[str]] = {}

    async def out_of_step(codes: list[str], statement: str = "", number: str | None = None) -> str:
        number = number or await approved(house)
        if statement:
            await by_owner(house.database, statement, number=number)
        expected[number] = codes
        return number

    await out_of_step(
        ["row_differs"], "UPDATE cases SET stage = 'archive', due = due + interval '1 day' WHERE case_number = :number"
    )
    await out_of_step(
        ["row_differs"],
        "UPDATE cases SET state = jsonb_set(state, '{lead}', '\"XA/A3/09\"') WHERE case_number = :number",
    )
    await out_of_step(["row_missing"], "DELETE FROM cases WHERE case_number = :number")
    await out_of_step(["petitioners_differ"], "INSERT INTO petitioners VALUES (:number, 0, '某人', true, null)")
    await out_of_step(["filing_unmarked"], "UPDATE intake SET filed_at = NULL WHERE case_number = :number")
    await out_of_step(["intake_missing"], "DELETE FROM intake WHERE case_number = :number")
    await out_of_step(
        ["record_unreadable"],
        "UPDATE events SET payload = payload - 'registrar' WHERE case_number = :number AND seq = 1",
    )
    killed = await out_of_step(["run_missing"])
    await house.handle(killed).terminate()
    astray = await out_of_step(["engine_differs"])
    state = await house.record.state(astray)
    assert state is not None
    await run(house, astray, state.model_copy(update={"lead": "XA/A3/09"}))
    silent = await out_of_step(["engine_silent", "timer_missing"])
    await run(house, silent, await house.record.state(silent), queue="nobody-listens")
    [sealed] = await straight_simple(house)
    await out_of_step(["run_of_sealed_case"], number=sealed)
    await run(house, sealed, state.model_copy(update={"number": sealed}))
    await out_of_step(["run_without_case"], number="XA-2026-C-900000")
    await run(house, "XA-2026-C-900000", state.model_copy(update={"number": "XA-2026-C-900000"}))
    nobody = "XA-2026-C-800000"
    await out_of_step(["commands_unfounded", "notices_unfounded", "petitioners_unfounded"], number=nobody)
    await by_owner(house.database, "INSERT INTO petitioners VALUES (:number, 0, '', true, null)", number=nobody)
    await by_owner(house.database, "INSERT INTO commands VALUES (:number, 'c', 1, 1)", number=nobody)
    await by_owner(
        house.database,
        "INSERT INTO outbox (id, case_number, kind, unit, role, zh, en, created_at, not_before, next_attempt_at)"
        " VALUES ('n', :number, '', '', '', '', '', now(), now(), now())",
        number=nobody,
    )
    await out_of_step(
        ["row_unfounded"],
        "WITH gone AS (DELETE FROM events WHERE case_number = :number),"
        " too AS (DELETE FROM commands WHERE case_number = :number),"
        " notices AS (DELETE FROM outbox WHERE case_number = :number)"
        " DELETE FROM intake WHERE case_number = :number",
        number=await _without_run(house),
    )
    noted = await out_of_step(["notices_given_up"], "UPDATE outbox SET gave_up_at = now() WHERE case_number = :number")
    never = (await CaseNumberAllocator(house.database, RING).reserve(content(), "XA", datetime.now(UTC))).number
    await out_of_step(["number_unfiled"], number=never)

    outcome = await reconciled(house, later=timedelta(hours=2))
    assert by_case(outcome) == expected
    assert {each.case for each in outcome.found if each.note} == {noted, never}
    assert (outcome.findings, outcome.notes) == (sum(map(len, expected.values())) - 2, 2)
    fields = {each.case: [field.name for field in each.fields] for each in outcome.found}
    assert fields[next(iter(expected))] == ["stage", "due"]
    assert fields[astray] == ["lead"]
    # Nobody's name or words leave the database by a finding.
    assert "某人" not in outcome.model_dump_json()


async def _without_run(house: House) -> str:
    number = await approved(house)
    await house.handle(number).terminate()
    return number


async def test_a_case_that_should_have_rung_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "PAUSE", 0.02)
    number = await approved(house)
    look = looking.Looking(house.database, house.client, clock=lambda: datetime.now(UTC) + timedelta(days=30))
    assert [each.code for each in await look.at(number)] == ["timer_overdue"]


async def test_the_read_model_is_rebuilt_from_the_events_and_that_is_recorded(house: House) -> None:
    journal = Journal(house.database)
    number = await approved(house)
    before = await _rows(house, number)
    await by_owner(
        house.database,
        "UPDATE cases SET stage = 'archive', title = '改过的标题', card = 'red' WHERE case_number = :number",
        number=number,
    )
    await by_owner(house.database, "INSERT INTO petitioners VALUES (:number, 0, '张三', true, null)", number=number)
    assert await repair(house.database, journal, SYSTEM, number, "夜间对账") == 4
    assert await _rows(house, number) == before
    entry = await journal.latest(EntryKind.REPAIRED)
    assert entry is not None
    assert (entry.case_number, entry.reason, entry.actor.id) == (number, "夜间对账", SYSTEM.id)
    assert entry.body["changed"]["stage"] == ["archive", "assign"]
    assert set(entry.body["changed"]) == {"stage", "title", "card", "petitioners"}
    assert "改过的标题" not in str(entry.body)
    assert await repair(house.database, journal, SYSTEM, number, "") == 0
    await by_owner(house.database, "DELETE FROM cases WHERE case_number = :number", number=number)
    assert await repair(house.database, journal, SYSTEM, number, "") > 0
    assert await _rows(house, number) == before
    await house.act(number, SUPERVISOR, c.Assign(lead=LEAD))
    await house.agreed(number)


@pytest.mark.parametrize(
    "alteration",
    [
        "UPDATE events SET payload = jsonb_set(payload, '{note}', '\"改\"') WHERE case_number = :number AND seq = 2",
        "DELETE FROM events WHERE case_number = :number AND seq = 2",
        "DELETE FROM events WHERE case_number = :number AND seq = 1",
        "WITH gone AS (DELETE FROM events WHERE case_number = :number AND seq = 2)"
        " DELETE FROM cases WHERE case_number = :number",
        "UPDATE cases SET link = 'x' WHERE case_number = :number",
    ],
)
async def test_nothing_is_rebuilt_from_a_record_that_does_not_hold(house: House, alteration: str) -> None:
    number = await approved(house)
    await by_owner(house.database, alteration, number=number)
    before = await _rows(house, number)
    with pytest.raises(UserError) as refused:
        await repair(house.database, Journal(house.database), SYSTEM, number, "")
    assert refused.value.code == "chain_broken"
    assert await _rows(house, number) == before


async def test_only_what_has_no_run_and_a_sound_record_is_carried_on(house: House) -> None:
    journal = Journal(house.database)
    [sealed] = await straight_simple(house)
    running, broken = await approved(house), await _without_run(house)
    await by_owner(house.database, "DELETE FROM events WHERE case_number = :number AND seq = 2", number=broken)
    before = [entry.number async for entry in journal.entries(kinds=[EntryKind.REPAIRED])]
    for number in (sealed, running):
        assert not await carry_on(house.database, journal, SYSTEM, number, "", house.desk.carry_on)
    with pytest.raises(UserError) as refused:
        await carry_on(house.database, journal, SYSTEM, broken, "", house.desk.carry_on)
    assert refused.value.code == "chain_broken"
    assert [entry.number async for entry in journal.entries(kinds=[EntryKind.REPAIRED])] == before
    for number in (sealed, broken):
        assert (await house.handle(number).describe()).status is not WorkflowExecutionStatus.RUNNING
    await house.agreed(running)


async def _rows(house: House, number: str) -> tuple[Any, ...]:
    async with house.database.connect() as connection:
        case = await connection.execute(text("SELECT * FROM cases WHERE case_number = :number"), {"number": number})
        people = await connection.execute(
            text("SELECT * FROM petitioners WHERE case_number = :number"), {"number": number}
        )
        return case.one_or_none(), people.all()


async def test_what_was_found_is_told_to_the_journal(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "PAUSE", 0.02)
    journal = Journal(house.database)
    number = await approved(house)
    await by_owner(house.database, "UPDATE cases SET round = 7 WHERE case_number = :number", number=number)
    outcome = await reconciled(house, journal=journal, actor=SYSTEM, span=Span(days=0))
    entry = await journal.latest(EntryKind.RECONCILED)
    assert entry is not None
    assert entry.body["by_code"] == outcome.by_code
    assert entry.body["findings"] == outcome.findings >= 1
