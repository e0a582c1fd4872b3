"""``sanzhang audit security``: who came in, who tried to, what was given, taken along and looked for."""

from __future__ import annotations

from collections import deque
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.audit.auditor import audit_door
from gateway.cli.output import AsJson, AsPerson, DataDir, command, local, moment, print_json
from gateway.trail import kinds_named, trail_for
from schemas.evidence.journal import Entry
from schemas.evidence.trail import TRAIL, facts, told
from schemas.petition.wording.terms import chinese


@command
async def security(
    *,
    about: Annotated[
        str | None,
        typer.Option("--person", metavar="PERSON", help="此人所为或关于其账户 / by them or about their account."),
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help=f"类别，可多次给出 / one or more of: {', '.join(TRAIL)}.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="不早于 / from.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="不晚于 / until.")] = None,
    last: Annotated[int, typer.Option("--last", min=1, max=100_000, help="最近若干条 / the newest so many.")] = 1_000,
    as_person: AsPerson = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """安全记录：登录、账户与令牌、导入导出、附件读取、无权查找 / sign-ins, accounts, tokens, imports, exports, attempts."""
    begin, end, kinds = moment(since, "--since"), moment(until, "--until"), kinds_named(kind or ())
    async with audit_door(data_dir, as_person) as audit:
        entries = trail_for(audit.door, audit.viewer, kinds=kinds, person=about, since=begin, until=end)
        kept: deque[Entry] = deque(maxlen=last)
        async for entry in entries:
            kept.append(entry)
    if as_json:
        print_json([facts(entry) for entry in kept])
        return
    table = Table(title=f"安全记录 {len(kept)} 条 / security trail", title_justify="left")
    for heading in ("日志 / entry", "时间 / at", "谁 / who", "何事 / what", "细节 / facts"):
        table.add_column(heading, overflow="fold")
    for entry in kept:
        who = f"{entry.actor.id} {entry.actor.credential}".strip()
        what = f"{chinese(entry.kind)} {entry.case_number}".strip()
        cells = (str(entry.number or "…"), local(entry.at), who, what, told(entry)[1])
        table.add_row(*(Text(cell) for cell in cells))
    Console(highlight=False).print(table)
