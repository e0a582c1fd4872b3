"""The command line on a real system: a case from the desk to its seal, what the accused are told, a calendar that changes under open cases."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select
from temporalio.client import Client, ScheduleOverlapPolicy
from typer.testing import CliRunner

from activities.record.migrate import new_engine
from activities.runtime import Runtime, find_system
from gateway.cli.main import application
from schemas.record import tables as t
from tests.databases import by_owner
from tests.system.importing import SANZHANG
from tests.system.running import RunningUp
from workers.evidence import SCHEDULES, schedule_id

pytestmark = pytest.mark.system

DESK, CHIEF, VISITOR = "xa-operator-1", "xa-chief", "xa-visitor-1"
SUPERVISOR, SECOND = "xa-supervisor-1", "xa-supervisor-2"
AUDITOR = "xa-auditor-1"
HANDLER, STATION_CHIEF = "a3-01-handler-1", "a3-01-chief"
PHONE = "13812341234"


class CommandLine:
    """``sanzhang`` with ``--json``, in this process."""

    def __init__(self, machine: RunningUp) -> None:
        self.machine = machine

    def __call__(self, *arguments: str) -> Any:
        code, facts = self.run(*arguments)
        assert code == 0, facts
        return facts

    def run(self, *arguments: str) -> tuple[int, Any]:
        result = CliRunner().invoke(application(), [*arguments, "--json", "--data-dir", str(self.machine.data_dir)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, json.loads(result.stdout)

    def refused(self, *arguments: str) -> tuple[int, str]:
        code, facts = self.run(*arguments)
        assert facts["error"]["zh"]
        assert facts["error"]["en"]
        return code, facts["error"]["code"]

    def read(self, *arguments: str) -> str:
        """What people read."""
        result = CliRunner().invoke(
            application(), [*arguments, "--data-dir", str(self.machine.data_dir)], env={"COLUMNS": "200"}
        )
        assert result.exit_code == 0, result.output
        return result.stdout

    def act(self, number: str, who: str, *order: str) -> str:
        return self("case", "act", number, *order, "--as", who)["stage"]

    def file(self, *options: str) -> str:
        return self("case", "file", "--as", DESK, *options)["number"]


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    folder = tmp_path_factory.mktemp("command line") / "data"
    running = RunningUp(folder, command=(SANZHANG, "up", "--json", "--data-dir"))
    try:
        running.ready()
        yield CommandLine(running)
    finally:
        running.stop(signal.SIGTERM)


def test_a_case_from_the_desk_to_its_seal(cli: CommandLine, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("A3区第一派出所门前噪音[red]扰民，已有多年，请求处理。", encoding="utf-8")
    order = ["case", "file", "--as", DESK, "--text", f"@{text}", "--message", "w-1", "--complexity", "complex"]
    filed = cli(*order, "--name", "张三丰", "--phone", PHONE)
    number = filed["number"]
    assert (filed["stage"], filed["unit"], filed["known"]) == ("approve", "XA/A3/01", False)
    assert filed["proposed"]["unit"]["why"]
    again = cli(*order, "--name", "张三丰", "--phone", PHONE)
    assert (again["number"], again["tracking_code"], again["known"]) == (number, filed["tracking_code"], True)
    assert cli.refused(*order, "--name", "李四") == (2, "source_event_conflict")

    assert cli.refused("case", "act", number, "assign", "--lead", "XA/A3/01", "--as", SUPERVISOR) == (1, "stage_wrong")
    assert cli.refused("case", "act", number, "approve", "--as", HANDLER) == (1, "role_wrong")
    assert cli.refused("case", "act", number, "approve", "--as", "nobody") == (2, "person_unknown")
    actions = cli("case", "act", number, "--as", "a3-chief")["actions"]
    assert actions["approve"] is None
    assert actions["assign"]["code"] == "role_wrong"
    assert "--ground" in cli.read("case", "act", number, "--as", "a3-chief")

    assert cli.act(number, "a3-chief", "approve", "--note", "同意") == "assign"
    assert cli.refused("case", "act", number, "assign", "--lead", "XA/A3/99", "--as", SUPERVISOR) == (2, "unit_unknown")
    assert cli.refused("case", "act", number, "assign", "--as", SUPERVISOR) == (1, "field_missing")
    once = ["assign", "--lead", "A3区第一派出所", "--co-office", "XA/A4", "--command-id", "once"]
    assert cli.act(number, SUPERVISOR, *once) == "supervise"
    assert cli.act(number, SUPERVISOR, *once) == "supervise"
    cli.act(number, HANDLER, "accept")
    reply = ["reply", "--body", '{"outcome": "supported", "text": "已处理"}']
    assert cli.refused("case", "act", number, *reply, "--as", HANDLER) == (1, "co_report_missing")
    cli.act(number, SUPERVISOR, "waive_co_report", "--unit", "XA/A4", "--reason", "已口头报告")
    assert cli.act(number, HANDLER, *reply) == "revisit"
    happy = ["--reached", "--solved", "--satisfied-with-office", "--satisfied-with-unit"]
    assert cli.act(number, VISITOR, "record_revisit", *happy) == "sign_off"
    assert cli.act(number, "a3-chief", "sign_off") == "archive"
    assert cli.act(number, SUPERVISOR, "disclose", "--no-published", "--exemption", "privacy") == "archive"
    assert cli.act(number, SECOND, "countersign", "--agreed") == "archived"

    told = cli("case", "history", number)
    kinds = [line["kind"] for line in told["events"]]
    assert kinds[:4] == ["filed", "approved", "assigned", "accepted"]
    assert kinds[-1] == "sealed"
    assert kinds.count("assigned") == 1
    assert all(line["zh"] and line["en"] and line["actor"]["id"] for line in told["events"])
    shown = cli("case", "show", filed["tracking_code"])
    assert (shown["number"], shown["stage"], shown["open"]) == (number, "archived", False)
    assert shown["petitioners"][0]["name"] == "张*丰"
    everything = [
        json.dumps([told, shown, cli("case", "why", number), cli("case", "list")], ensure_ascii=False),
        *(cli.read("case", look, number) for look in ("show", "history", "why")),
    ]
    assert all(PHONE not in said and "张三丰" not in said for said in everything)
    assert all('"key_id"' not in said for said in everything)
    assert "[red]" in everything[1]
    total = cli("board")["measures"]["total"]
    assert (total["received"], total["satisfied"], total["rates"]["satisfaction"]["ratio"]) == (1, 1, 1.0)
    assert cli("board", "--as-of", "2026-01-01")["measures"]["total"]["received"] == 0
    assert "按时答复率" in cli.read("board")

    assert cli.refused("case", "act", number, "accept", "--as", HANDLER) == (1, "stage_wrong")
    assert cli.act(number, DESK, "reopen", "--facts", "又有噪音") == "approve"


def test_who_sees_personal_data_says_why_and_it_is_told(cli: CommandLine) -> None:
    number = cli.file(
        "--text", "派出所民警态度恶劣", "--unit", "XA/A3/01", "--accused-unit", "XA/A3/01", "--name", "张三丰", "--phone", PHONE
    )  # fmt: skip
    look = ("case", "reveal", number)
    assert cli.refused(*look, "--why", "call_back", "--as", DESK) == (2, "reveal_before_decision")
    cli.act(number, SUPERVISOR, "decide_accused", "--accused-unit", "XA/A3/01", "--reason", "确指该所")
    assert cli.refused(*look, "--as", DESK) == (2, "reason_missing")
    assert cli.refused(*look, "--why", "call_back", "--as", STATION_CHIEF) == (2, "case_unknown")
    shown = cli(*look, "--why", "call_back", "--as", DESK)
    assert (shown["petitioners"][0]["name"], shown["petitioners"][0]["phone"]) == ("张三丰", PHONE)
    assert PHONE in cli.read(*look, "--why", "sample", "--as", AUDITOR)

    # At night the same would be told of as unusual besides.
    told = [each for each in cli("audit", "access", number, "--as", AUDITOR) if each["kind"] == "revealed"]
    assert [(each["person"], each["why"]) for each in told] == [(DESK, "回电联系"), (AUDITOR, "抽查核实")]
    assert told[0]["fields"] == ["name", "phone"]
    again = cli("audit", "access", "--person", DESK, "--since", "2026-01-01")
    assert [each for each in again if each["kind"] == "revealed"] == told[:1]
    assert cli("audit", "access", "--until", "2026-01-01") == []
    read = cli.read("audit", "access", number)
    assert "回电联系" in read
    assert PHONE not in read
    assert cli.refused("audit", "access", number, "--as", DESK) == (2, "auditors_only")
    assert cli.refused("audit", "access", "XA-2026-S-999999") == (2, "access_unknown")


def test_what_has_closed_is_sealed_and_all_heads_are_signed(cli: CommandLine) -> None:
    sealed, signed = asyncio.run(_kept_evidence(find_system(cli.machine.data_dir)))
    assert sealed >= 1
    assert signed >= 1
    assert (cli.machine.data_dir / "checkpoints" / "checkpoints" / f"{1:010}").exists()


async def _kept_evidence(runtime: Runtime) -> tuple[int, int]:
    """How many runs are sealed, and how many checkpoints there are, as soon as there are some."""
    client = await Client.connect(runtime.temporal, namespace=runtime.namespace)
    # As the clock would, without waiting for it.
    for workflow in SCHEDULES:
        await client.get_schedule_handle(schedule_id(workflow)).trigger(overlap=ScheduleOverlapPolicy.BUFFER_ONE)
    engine = new_engine(runtime.database_dsn, pool_size=1)
    try:
        async with asyncio.timeout(60):
            while True:
                async with engine.connect() as connection:
                    sealed, signed = [
                        (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                        for table in (t.archives, t.checkpoints)
                    ]
                if sealed and signed:
                    return sealed, signed
                await asyncio.sleep(0.2)
    finally:
        await engine.dispose()


def test_the_accused_never_see_it(cli: CommandLine) -> None:
    number = cli.file(
        "--text", "派出所民警态度恶劣", "--unit", "XA/A3/01", "--ledger", "complaint",
        "--accused-unit", "XA/A3/01", "--accused-person", STATION_CHIEF,
    )  # fmt: skip
    for accused in (HANDLER, STATION_CHIEF):
        for look in ("show", "history", "why"):
            assert cli.refused("case", look, number, "--as", accused) == (2, "case_unknown")
        assert number not in [line["number"] for line in cli("case", "list", "--as", accused)["cases"]]
        assert cli.refused("case", "act", number, "--as", accused) == (2, "case_unknown")
        assert cli.refused("case", "act", number, "accept", "--as", accused) == (2, "case_unknown")
    assert cli("case", "show", number, "--as", CHIEF)["accountable"] == "XA/A3"
    assert cli("case", "show", number, "--as", CHIEF)["tracking_code"] is None
    assert number in [line["number"] for line in cli("case", "list", "--as", "a3-chief")["cases"]]


def test_a_correction_of_the_calendar_reaches_the_open_cases_once(cli: CommandLine, tmp_path: Path) -> None:
    number = cli.file("--text", "路灯不亮", "--unit", "XA/A3", "--complexity", "complex")
    before = {clock["clock"]: clock for clock in cli("case", "why", number)["clocks"]}
    day = next(each["day"] for each in before["finish"]["counted"] if each["number"] == 3)
    published = date.fromisoformat(cli("calendar", "check")["published_through"])
    status = "published" if date.fromisoformat(day) <= published else "provisional"
    notice = tmp_path / "correction.json"
    notice.write_text(
        json.dumps({"notice": "更正", "status": status, "days": [{"day": day, "kind": "off"}]}), encoding="utf-8"
    )
    order = ["calendar", "import", str(notice), "--covers", f"{day}..{day}"]
    foreseen = cli(*order, "--dry-run")
    assert foreseen["changed"] == [{"day": day, "old": "working", "new": "off"}]
    assert cli("calendar", "check")["version"] == foreseen["old_version"]
    done = cli(*order)
    assert (done["version"], done["moved"]) == (foreseen["version"], foreseen["moved"])
    assert number in [case["number"] for case in done["cases"]]
    after = {clock["clock"]: clock for clock in cli("case", "why", number)["clocks"]}
    assert after["finish"]["due"] > before["finish"]["due"]
    assert after["finish"]["calendar_version"] == done["version"]
    assert [move["why"] for move in after["finish"]["moved"]] == ["calendar"]
    assert next(each for each in after["finish"]["counted"] if each["day"] == day)["reason"] == "holiday"
    assert "工作日历更新" in cli.read("case", "why", number)

    again = cli(*order)
    assert (again["already_known"], again["version"], again["recomputed"]) == (True, done["version"], 0)
    assert "nothing to do" in cli.read(*order)
    notice.write_text("日期,类型\n2027-02-30,休", encoding="utf-8")
    assert cli.refused(*order)[0] == 2
    assert cli("calendar", "check")["version"] == done["version"]
    assert cli("calendar", "show", "2026")["years"][0]["year"] == 2026


def test_a_new_policy_holds_for_new_cases_only(cli: CommandLine, tmp_path: Path) -> None:
    old = cli.file("--text", "路灯不亮", "--unit", "XA/A3", "--complexity", "simple", "--ledger", "claim")
    file = tmp_path / "policy.yaml"
    file.write_text(cli.read("policy", "show", "--yaml"), encoding="utf-8")
    assert cli("policy", "import", str(file))["already_known"] is True
    file.write_text(file.read_text(encoding="utf-8").replace("finish_days: 7", "finish_days: 5"), encoding="utf-8")
    version = cli("policy", "import", str(file))["version"]
    assert cli("policy", "show")["ledgers"]["claim"]["simple"]["finish_days"] == 5
    # Every command reads the rules anew, so the next case has them.
    new = cli.file("--text", "井盖破损", "--unit", "XA/A3", "--complexity", "simple", "--ledger", "claim")
    days = {
        number: next(clock["days"] for clock in cli("case", "show", number)["clocks"] if clock["name"] == "finish")
        for number in (old, new)
    }
    assert days == {old: 7, new: 5}
    assert cli("case", "show", new)["policy_version"] == version
    file.write_text(file.read_text(encoding="utf-8").replace("finish_days: 5", "finish_days: 70"), encoding="utf-8")
    assert cli.refused("policy", "import", str(file)) == (2, "policy_contradiction")
    assert cli("policy", "show")["version"] == version


def test_an_organisation_that_forgets_a_unit_at_work_is_told(cli: CommandLine, tmp_path: Path) -> None:
    cli.file("--text", "A9市门前积水", "--unit", "XA/A9/01")
    shown = cli("org", "show")
    assert "XA/A9/01" in cli.read("org", "show")
    assert cli("org", "import", _organisation(tmp_path, shown))["already_known"] is True
    fewer = shown | {
        "units": [unit for unit in shown["units"] if unit["path"] != "XA/A9/01"],
        "people": [person for person in shown["people"] if person["unit"] != "XA/A9/01"],
    }
    imported = cli("org", "import", _organisation(tmp_path, fewer))
    assert "XA/A9/01" in imported["units_missing"]
    assert cli("org", "import", _organisation(tmp_path, shown))["units_missing"] == {}
    headless = shown | {"people": [person for person in shown["people"] if person["id"] != STATION_CHIEF]}
    assert cli.refused("org", "import", _organisation(tmp_path, headless)) == (2, "organisation_chief_missing")


def _organisation(folder: Path, shown: dict[str, Any]) -> str:
    file = folder / "organisation.yaml"
    # JSON is YAML.
    file.write_text(json.dumps({key: shown[key] for key in shown if key != "versions"}), encoding="utf-8")
    return str(file)


def test_a_part_that_is_being_restarted_is_waited_for(cli: CommandLine) -> None:
    for part in ("database", "engine", "worker-petitions"):
        psutil.Process(find_system(cli.machine.data_dir).pids[part]).kill()
        number = cli.file("--text", f"{part} 重启时来的件", "--unit", "XA/A3", "--complexity", "complex")
        assert cli("case", "show", number)["stage"] == "approve"


def test_an_auditor_learns_whether_anything_was_altered(cli: CommandLine) -> None:
    """Last, so that all that was done here before, the kills too, is what must hold."""
    number = cli.file("--text", "路灯不亮", "--unit", "XA/A3", "--complexity", "complex")
    whole = cli("audit", "verify", "--all", "--as", AUDITOR)
    assert (whole["holds"], whole["findings"], whole["recorded"]) == (True, [], True)
    assert whole["counts"]["cases"] > 1
    assert cli.refused("audit", "verify", "--all", "--as", DESK) == (2, "auditors_only")
    assert cli.refused("audit", "verify") == (2, "which_cases")

    dsn = find_system(cli.machine.data_dir).database_dsn
    first_by = "UPDATE events SET actor_role = :role WHERE case_number = :number AND seq = 1"
    asyncio.run(by_owner(dsn, first_by, role="chief", number=number))
    code, told = cli.run("audit", "verify", number, "--as", AUDITOR)
    assert (code, told["codes"], told["findings"][0]["seq"]) == (1, {"event_altered": 1}, 1)
    assert (told["findings"][0]["field"], told["findings"][0]["expected"]) == ("actor_role", "operator")
    asyncio.run(by_owner(dsn, first_by, role="operator", number=number))
    assert "核验成立" in cli.read("audit", "verify", number)
