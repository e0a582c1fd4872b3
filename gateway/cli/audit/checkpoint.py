"""``sanzhang audit checkpoint`` and ``sanzhang audit proof``: the log outside the database, and what it proves of a case."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from activities.evidence.log import LogCutError, SignedCheckpoint
from activities.evidence.store import CheckpointStoreError
from gateway.cli.audit.auditor import AuditDoor, audit_door, case_meant
from gateway.cli.case.tables import console
from gateway.cli.output import AsJson, AsPerson, DataDir, command, local, print_json, tell
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.evidence.checkpoint import Checkpoint
from schemas.evidence.journal import EntryKind
from schemas.evidence.leaf import CaseLeaf
from schemas.kernel.errors import UserError

FOUND: Final = 1
"""Exit code: the store or the log in the database is not what it was."""


@command
async def checkpoint(
    *,
    listed: Annotated[bool, typer.Option("--list", help="列出已有检查点 / list the checkpoints there are.")] = False,
    public_key: Annotated[
        bool, typer.Option("--public-key", help="显示公钥，可公布 / show the public key, to be published.")
    ] = False,
    as_person: AsPerson = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """检查点：把所有链的末端写入签名日志（库外保存）/ sign the heads of all chains into the log outside the database."""
    async with audit_door(data_dir, as_person) as audit:
        with _findings(as_json=as_json):
            if public_key:
                keys = [key.vkey for key in await audit.door.system.log.keys()]
                if not keys:
                    raise _none_yet()
                print_json({"public_keys": keys}) if as_json else sys.stdout.writelines(f"{key}\n" for key in keys)
            elif listed:
                found = await retry_transient(lambda: _all(audit), READ_RETRY_SECONDS)
                _list(found, as_json=as_json)
            else:
                made = await _make(audit)
                _tell_made(made, as_json=as_json)


@command
async def proof(
    case: Annotated[str, typer.Argument(metavar="CASE", help="案件编号或查询码 / case number or tracking code.")],
    *,
    since: Annotated[
        int | None,
        typer.Option(
            "--since",
            metavar="NUMBER",
            help="并证明自该号检查点起日志只增不改 / and that the log only grew since then.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="写到哪个文件（.json）/ the file to write.")] = None,
    as_person: AsPerson = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """证明：本案的链值在签名日志中，可离线核验 / that a case is in the signed log; can be checked without us."""
    async with audit_door(data_dir, as_person) as audit:
        number = await case_meant(audit, case, _in_log)
        with _findings(as_json=as_json):
            bundle = await retry_transient(lambda: audit.door.system.log.proof(number, since=since), READ_RETRY_SECONDS)
    if out is not None:
        _write(out, bundle.as_json())
    if as_json:
        print_json(bundle.as_dict())
        return
    head, leaf = bundle.head(), bundle.said()
    seq = leaf.seq if isinstance(leaf, CaseLeaf) else 0
    lines = [
        f"✓ {number} 至第 {seq} 条事件，是检查点 {head.number}（{local(head.made_at)}，共 {head.size:,} 片叶）的第 {bundle.index:,} 片叶",
        f"  up to event {seq} it is leaf {bundle.index:,} of the {head.size:,} that checkpoint {head.number} is over",
    ]
    if since is not None:
        lines.append(f"  自检查点 {since} 起日志只增不改 / the log only grew since checkpoint {since}")
    lines.append(
        f"  核验 / check it: sanzhang-verify {out}"
        if out is not None
        else f"  写成文件 / as a file: sanzhang audit proof {number} --out proof.json"
    )
    console().print(Text("\n".join(lines)), soft_wrap=True)


async def _make(audit: AuditDoor) -> Checkpoint | None:
    if audit.viewer is not None:
        raise UserError(
            "auditors_change_nothing",
            zh="审计员只读不改；检查点每日自动生成，本机管理员也可制作（不带 --as）。可用 --list 查看。",
            en="Auditors read and change nothing; a checkpoint is made daily, or by the administrator of this machine "
            "(without --as). See them with --list.",
            person=audit.actor.id,
        )
    system = audit.door.system
    made = await system.log.checkpoint(heartbeat=True)
    if made is not None:
        body = {"number": made.number, "size": made.size}
        await system.journal.append(EntryKind.CHECKPOINTED, audit.actor, body=body)
    return made


async def _all(audit: AuditDoor) -> list[SignedCheckpoint]:
    return [each async for each in audit.door.system.log.checkpoints()]


async def _in_log(number: str) -> bool:
    """One that was removed from the record is looked for by its number: the log may have it still."""
    return bool(number)


@contextmanager
def _findings(*, as_json: bool) -> Generator[None]:
    try:
        yield
    except CheckpointStoreError as error:
        found = UserError(
            "checkpoint_store_altered",
            zh=f"检查点存放处与数据库不一致（{error.path}）：其一被改动、缺失或回退。请执行 sanzhang audit verify --all。",
            en=f"The checkpoint store and the database do not agree: {error}. Run sanzhang audit verify --all.",
            path=error.path,
            problem=error.problem,
        )
    except LogCutError as error:
        found = UserError(
            "log_cut",
            zh="数据库中的日志被截断或改动。请执行 sanzhang audit verify --all。",
            en=f"The log in the database was cut or altered: {error}. Run sanzhang audit verify --all.",
        )
    else:
        return
    tell(found, as_json=as_json)
    raise typer.Exit(FOUND)


def _facts(made: Checkpoint) -> dict[str, Any]:
    return {
        "number": made.number,
        "made_at": made.made_at.isoformat(),
        "size": made.size,
        "root": made.root.hex(),
        "algorithm": made.algorithm,
        "origin": made.origin,
    }


def _list(found: list[SignedCheckpoint], *, as_json: bool) -> None:
    if as_json:
        print_json([_facts(each.checkpoint) | {"note": each.note} for each in found])
        return
    table = Table(title=f"检查点 checkpoints（{len(found)}）")
    for heading in ("编号 number", "时间 made at", "叶数 leaves", "算法 algorithm", "根 root"):
        table.add_column(heading, justify="right" if heading.startswith(("编号", "叶数")) else "left")
    for made, _ in found:
        table.add_row(
            str(made.number), local(made.made_at), f"{made.size:,}", made.algorithm, made.root.hex()[:16] + "…"
        )
    console().print(table)


def _tell_made(made: Checkpoint | None, *, as_json: bool) -> None:
    if as_json:
        print_json(None if made is None else _facts(made))
    elif made is not None:
        console().print(
            Text(
                f"✓ 检查点 {made.number} 已签名：{made.size:,} 片叶，根 {made.root.hex()}\n"
                f"  checkpoint {made.number} signed over {made.size:,} leaves"
            ),
            soft_wrap=True,
        )


def _write(out: Path, content: str) -> None:
    try:
        out.write_text(content, "utf-8")
    except OSError as error:
        raise UserError(
            "out_unwritable",
            zh=f"无法写入 {out}（{error.strerror}）。请检查目录与权限。",
            en=f"{out} cannot be written ({error.strerror}). Check the folder and its mode.",
            path=str(out),
        ) from error


def _none_yet() -> UserError:
    return UserError(
        "no_checkpoint_yet",
        zh="还没有检查点，也就没有已用于签名的公钥。",
        en="There is no checkpoint yet, and so no key that has signed one.",
    )
