"""``sanzhang case reveal``: personal data in clear, for a reason that is recorded."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from activities.evidence.reveal import FIELDS, Revealed
from gateway.cli.case.reading import Case
from gateway.cli.case.tables import console
from gateway.cli.output import AsJson, AsPerson, DataDir, actor_of, command, local, print_json, settings_for
from gateway.doors import ADMINISTRATOR, open_door
from schemas.access.revealing import Need
from schemas.petition.wording.personal_fields import personal_heading


@command
async def reveal(
    case: Case,
    *,
    why: Annotated[
        str,
        typer.Option(
            "--why",
            metavar="REASON",
            help=f"查看理由，将被记录；可选 / the reason, which is recorded; one of: {', '.join(Need)}.",
        ),
    ] = "",
    words: Annotated[
        str, typer.Option("--words", metavar="WORDS", help="所列理由都不合适时 / where none of the list fits.")
    ] = "",
    as_person: AsPerson = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """查看信访人的个人信息（先记录，后显示） / a petitioner's personal data in clear; first it is recorded who looks and why."""
    # The record is only read here; the one thing written is that it was read.
    async with open_door(settings_for(data_dir), os.environ, read_only=True) as door:
        actor = ADMINISTRATOR if as_person is None else await actor_of(door, as_person)
        number = (await door.case(case, actor)).state.number
        revealed = await (await door.revealer()).reveal(number, actor, why, words)
    if as_json:
        print_json(_facts(revealed))
    else:
        _print(revealed)


def _facts(revealed: Revealed) -> dict[str, object]:
    entry = revealed.entry
    return {
        "number": revealed.number,
        "petitioners": [
            {
                "alias": each.alias,
                "representative": each.representative,
                **{field: getattr(each.data, field) if each.data is not None else None for field in FIELDS},
            }
            for each in revealed.petitioners
        ],
        "recorded": {"entry": entry.number, "at": entry.at.isoformat(), "person": entry.actor.id, "why": entry.reason},
    }


def _print(revealed: Revealed) -> None:
    table = Table(title=f"{revealed.number} 信访人", title_justify="left")
    for heading in ("称呼", *map(personal_heading, FIELDS), "代表"):
        table.add_column(heading, overflow="fold")
    for each in revealed.petitioners:
        shown = [str(getattr(each.data, field) or "") if each.data is not None else "" for field in FIELDS]
        if each.data is None:
            shown[0] = "（匿名）"
        cells = (each.alias, *shown, "是" if each.representative else "")
        table.add_row(*(Text(cell) for cell in cells))
    out, entry = console(), revealed.entry
    out.print(table)
    out.print(
        f"本次查看已记录：第 {entry.number} 条，{local(entry.at)}，理由：{entry.reason} / recorded as entry {entry.number}.",
        markup=False,
        soft_wrap=True,
    )
