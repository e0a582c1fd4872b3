"""``sanzhang audit export``: the dossier of a case, which can be read and checked without us."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.audit.auditor import audit_door
from gateway.cli.case.tables import console
from gateway.cli.output import AsJson, AsPerson, DataDir, command, print_json
from gateway.dossier.exporting import export as made
from schemas.kernel.errors import UserError

Case = Annotated[str, typer.Argument(metavar="CASE", help="案件编号或查询码 / case number or tracking code.")]


@command
async def export(
    case: Case,
    *,
    out: Annotated[
        Path, typer.Option("--out", help="写到哪个文件（.zip），不得已存在 / the file to write, not there yet.")
    ],
    full: Annotated[
        bool, typer.Option("--full", help="含个人信息原文，须写明事由 / personal data in clear; needs --why.")
    ] = False,
    why: Annotated[str, typer.Option("--why", help="事由，记入日志 / the reason, kept in the journal.")] = "",
    as_person: AsPerson = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """导出案卷：PDF、事件、流程历史、证明与公钥，可离线核验；每次导出均记入日志 / a dossier that can be checked without us."""
    if out.exists():
        raise _exists(out)
    async with audit_door(data_dir, as_person) as audit:
        view = await audit.door.case(case, audit.viewer)
        dossier = await made(audit.door, view.state.number, audit.actor, full=full, reason=why, file=out.name)
    _write(out, dossier.content)
    evidence = dossier.evidence
    if as_json:
        print_json(
            {
                "number": dossier.number,
                "file": str(out),
                "bytes": len(dossier.content),
                "full": full,
                "journal": dossier.entry,
                "events": len(evidence.events),
                "sealed_runs": len(evidence.seals),
                "history": bool(evidence.history),
                "proven": evidence.proof is not None,
                "unproven": None if evidence.proof else {"zh": evidence.unproven[0], "en": evidence.unproven[1]},
            }
        )
        return
    screen = console()
    screen.print(
        Text(f"✓ {dossier.number} 案卷已写入 {out}（{len(dossier.content):,} 字节，日志第 {dossier.entry} 条）"),
        soft_wrap=True,
    )
    if evidence.proof is None:
        screen.print(
            Text(f"  尚无日志证明：{evidence.unproven[0]}\n  {evidence.unproven[1]}", style="yellow"), soft_wrap=True
        )
    screen.print(Text(f"  核验 / check it: sanzhang-verify {out}"), soft_wrap=True)


def _write(out: Path, content: bytes) -> None:
    """Whole or not at all, for its owner's eyes only, and never over another file."""
    part = out.with_name(f".{out.name}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.link(part, out)
    except FileExistsError:
        raise _exists(out) from None
    except OSError as error:
        raise UserError(
            "out_unwritable",
            zh=f"无法写入 {out}：{error.strerror}。请换一个位置；这次导出已记入日志。",
            en=f"{out} cannot be written: {error.strerror}. Take another place; the journal has this export already.",
            file=str(out),
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _exists(out: Path) -> UserError:
    return UserError(
        "out_exists",
        zh=f"{out} 已存在，不会覆盖；请换一个文件名。",
        en=f"{out} exists and is not overwritten; name another file.",
        file=str(out),
    )
