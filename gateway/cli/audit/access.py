"""``sanzhang audit access``: who looked at which personal data, when, why; and who took a dossier along."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.audit.auditor import AuditDoor, audit_door, case_meant
from gateway.cli.output import AsJson, AsPerson, DataDir, command, local, moment, print_json
from schemas.evidence.journal import Entry, EntryKind
from schemas.evidence.trail import who_and_when
from schemas.kernel.errors import UserError
from schemas.petition.rules import is_accused
from schemas.petition.wording.personal_fields import personal_heading
from schemas.petition.wording.terms import chinese

READINGS: Final = (EntryKind.REVEALED, EntryKind.EXPORTED, EntryKind.UNUSUAL_READING, EntryKind.REVEAL_STOPPED)


@command
async def access(
    case: Annotated[
        str | None, typer.Argument(metavar="[CASE]", help="只看此件；不填为全部 / of this case only.")
    ] = None,
    *,
    looked: Annotated[
        str | None, typer.Option("--person", metavar="PERSON", help="只看此人 / by this person only.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="不早于 / from.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="不晚于 / until.")] = None,
    as_person: AsPerson = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """查阅记录：谁在何时、因何查看了谁的个人信息，谁导出了卷宗 / who saw personal data, when, why; who exported dossiers."""
    begin, end = moment(since, "--since"), moment(until, "--until")
    async with audit_door(data_dir, as_person) as audit:
        number = None if case is None else await _case(audit, case)
        entries = audit.door.system.journal.entries(
            case_number=number, kinds=READINGS, person=looked, since=begin, until=end
        )
        found = [entry async for entry in _fit_to_see(audit, entries)]
        # Who gave a reason in words may have named somebody.
        numbers = {entry.case_number for entry in found if entry.case_number}
        found = (await audit.door.redacting.of_cases(numbers, audit.viewer)).model(found)
    if as_json:
        print_json([_facts(entry) for entry in found])
    else:
        _print(found)


async def _case(audit: AuditDoor, named: str) -> str:
    """The case meant; one that is in the journal only, for it was removed from the record, is found by its number."""

    async def in_journal(number: str) -> bool:
        async for _ in audit.door.system.journal.entries(case_number=number, kinds=READINGS):
            return True
        raise UserError(
            "access_unknown",
            zh=f"没有编号为 {named} 的件，也没有关于它的查阅记录。",
            en=f"There is no case {named}, and nothing in the journal about one.",
            number=named,
        )

    return await case_meant(audit, named, in_journal)


async def _fit_to_see(audit: AuditDoor, entries: AsyncGenerator[Entry]) -> AsyncGenerator[Entry]:
    """Without those of cases that accuse the auditor, of which the auditor is not even told that they exist."""
    hidden: dict[str, bool] = {}
    async for entry in entries:
        number = entry.case_number
        if audit.viewer is not None and number not in hidden:
            state = await audit.door.system.record.state(number)
            hidden[number] = state is not None and is_accused(state, audit.viewer)
        if not hidden.get(number, False):
            yield entry


def _facts(entry: Entry) -> dict[str, Any]:
    return who_and_when(entry) | {"why": entry.reason, **entry.body}


def _print(entries: list[Entry]) -> None:
    table = Table(title=f"查阅记录 {len(entries)} 条 / readings", title_justify="left", show_lines=True)
    for heading in ("日志 / entry", "谁 / who", "何事 / what", "理由 / why"):
        table.add_column(heading, overflow="fold")
    for entry in entries:
        cells = (
            f"{entry.number}\n{local(entry.at)}",
            f"{entry.actor.id}\n{chinese(entry.actor.role)} {entry.actor.unit}",
            f"{entry.case_number}\n{chinese(entry.kind)}：{_content(entry)}",
            entry.reason,
        )
        table.add_row(*(Text(cell) for cell in cells))
    Console(highlight=False).print(table)


def _content(entry: Entry) -> str:
    if entry.kind is EntryKind.EXPORTED:
        return "全文" if entry.body.get("full") else "脱敏"
    if entry.kind is EntryKind.UNUSUAL_READING:
        what: list[str] = entry.body.get("what", [])
        return f"{'、'.join(chinese(each) for each in what)}（第 {entry.body.get('entry')} 条）"
    if entry.kind is EntryKind.REVEAL_STOPPED:
        return f"{entry.body.get('limit')} 次"
    fields: list[str] = entry.body.get("fields", [])
    return "、".join(map(personal_heading, fields))
