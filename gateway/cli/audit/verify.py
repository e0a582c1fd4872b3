"""``sanzhang audit verify``: was anything altered? Chains, seals, checkpoints and signatures recomputed, and whatever does not hold named."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import DBAPIError

from activities.evidence.verify.chain.decided import Decisions
from activities.evidence.verify.verification import Counts, TrustAnchors, Verification, count_events
from activities.record.case_record import utc_now
from gateway.cli.audit.auditor import AuditDoor, audit_door, case_meant, in_events
from gateway.cli.output import REFUSED, AsJson, AsPerson, DataDir, command, local, print_json, progress_bar
from gateway.retry import away, is_transient
from schemas.evidence.checkpoint import CheckpointError, PublicKey
from schemas.evidence.finding import Finding
from schemas.evidence.journal import EntryKind
from schemas.evidence.trail import KEPT as KEPT_SIX_MONTHS
from schemas.kernel.errors import UserError
from schemas.petition.events import Event
from schemas.sealing.keys import SealBrokenError
from workers.composition import System
from workers.replay.decisions import decisions_by
from workers.replay.processes import sources_of
from workers.replay.replaying import replaying

SHOWN = 20
"""Findings of one kind that people are shown."""
KEPT = 10_000
"""Findings machines are told; beyond, they are only counted."""


@command
async def verify(
    case: Annotated[str | None, typer.Argument(metavar="CASE", help="编号或查询码 / number or tracking code.")] = None,
    *,
    all_cases: Annotated[bool, typer.Option("--all", help="整个记录 / the whole record.")] = False,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="VKEY",
            help="信任的公钥，可多次（默认本系统签名密钥） / a public key to trust; repeatable.",
        ),
    ] = None,
    data_dir: DataDir = None,
    person: AsPerson = None,
    as_json: AsJson = False,
) -> None:
    """核验：重算事件链、封存、检查点和签名，指出被改动之处；全部成立退出码才为 0 / recompute everything; name what was altered."""
    if (case is not None) == all_cases:
        raise UserError(
            "which_cases",
            zh="请指明一个案件编号，或 --all。",
            en="Name one case, or give --all.",
        )
    trusted = [_key(each) for each in keys or ()]
    try:
        async with audit_door(data_dir, person) as audit:
            number = "" if case is None else await case_meant(audit, case, partial(in_events, audit))
            async with _outside(audit.door.system, trusted) as outside:
                tally = await _checked(audit, outside, number, quiet=as_json)
            trail = None if number else await _trail_kept(audit, tally)
            recorded = await _recorded(audit, number, tally)
    except Exception as error:  # judged by is_transient, raised again where it is none of ours
        if is_transient(error):
            raise away(error) from error
        raise
    if as_json:
        kept = {} if trail is None else {"trail": trail}
        print_json(tally.facts() | {"keys": [key.vkey for key in outside.keys], "recorded": recorded} | kept)
    else:
        _print(tally, recorded=recorded)
        if trail is not None:
            _print_trail(trail)
    if tally.total:
        raise typer.Exit(REFUSED)


async def _trail_kept(audit: AuditDoor, tally: _Tally) -> dict[str, Any]:
    """Whether the security trail stands for at least six months back, or from its first entry where it is younger: the chain has no gap there."""
    first = None
    async for entry in audit.door.system.journal.entries():
        first = entry
        break
    asked = utc_now() - KEPT_SIX_MONTHS
    return {
        "since": first.at.isoformat() if first is not None else None,
        "begins_with": first.number if first is not None else None,
        "asked_since": asked.isoformat(),
        "whole": not any(code.startswith("journal") for code in tally.codes) and (first is None or first.number == 1),
    }


def _print_trail(trail: dict[str, Any]) -> None:
    out = Console(highlight=False, soft_wrap=True)
    since = local(datetime.fromisoformat(trail["since"])) if trail["since"] else "—"
    if trail["whole"]:
        out.print(
            f"  安全记录自 {since} 起无缺口，不少于六个月的部分均在 / the security trail has no gap since {since}"
        )
    else:
        out.print("[red]✗[/red] 安全记录有缺口或被改动 / the security trail has gaps or was altered")


class _Tally:
    """What was found, in the order it was found."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.codes: Counter[str] = Counter()
        self.counts = Counts()

    @property
    def total(self) -> int:
        return self.codes.total()

    def add(self, finding: Finding) -> None:
        self.codes[finding.code] += 1
        if len(self.found) < KEPT:
            self.found.append(finding)

    def facts(self) -> dict[str, Any]:
        """As machines read it."""
        return {
            "holds": not self.total,
            "counts": asdict(self.counts),
            "codes": dict(self.codes),
            "findings": [finding.model_dump(mode="json") for finding in self.found],
        }


def _key(vkey: str) -> PublicKey:
    try:
        return PublicKey.parse(vkey)
    except CheckpointError as error:
        raise UserError(
            "key_malformed",
            zh=f"--key 的公钥无法使用：{error}。应为“名称+编号+BASE64”（sanzhang audit checkpoint --public-key）。",
            en=f"The key given by --key cannot be used: {error}. It has the form name+id+base64 "
            "(sanzhang audit checkpoint --public-key).",
            key_id="?",
        ) from error


@asynccontextmanager
async def _outside(system: System, trusted: Sequence[PublicKey]) -> AsyncGenerator[TrustAnchors]:
    """What the record is held against. Keys given are trusted beside our own; without either, those the store has published."""
    own = system.log.key
    keys = [*trusted, *([own] if own is not None else [])]
    async with AsyncExitStack() as stack:
        yield TrustAnchors(
            store=system.log.store,
            keys=keys or await system.log.keys(),
            archives=system.archives,
            decisions=_decisions(system, stack),
        )


def _decisions(system: System, stack: AsyncExitStack) -> Decisions:
    """The workflow's own decisions, for cases in which something was altered; the replayer is made for the first of them."""
    made: list[Decisions] = []

    async def of_case(number: str) -> Sequence[Event] | None:
        if not made:
            replay = await stack.enter_async_context(replaying(system.keyring))
            made.append(decisions_by(sources_of(system), replay))
        try:
            return await made[0](number)
        except (SealBrokenError, ValueError, UserError):
            # An archive that does not open is a finding of its own.
            return None
        except Exception as error:  # judged by is_transient, raised again where it is none of ours
            if not is_transient(error):
                raise
            # The engine is away: its word is missed, and the finding stands without it.
            return None

    return of_case


async def _checked(audit: AuditDoor, outside: TrustAnchors, number: str, *, quiet: bool) -> _Tally:
    bar = progress_bar("核验 / verify", quiet=quiet)
    # What is loaded by now stays: looked through by the collector again and again, it costs a sixth of the whole check.
    gc.freeze()
    tally = _Tally()
    database = audit.door.system.database
    total = None if number or bar.disable else await count_events(database) or None
    with bar:
        task = bar.add_task("", total=total, said="")

        def moved(counts: Counts) -> None:
            bar.update(task, completed=counts.events, said=f"叶 {counts.leaves} · 发现 {tally.total}")

        check = Verification(database, outside, progress=moved, counts=tally.counts)
        async for finding in check.case(number) if number else check.everything():
            tally.add(finding)
    return tally


async def _recorded(audit: AuditDoor, number: str, tally: _Tally) -> bool:
    """The result in the journal; a database in which nothing can be written is checked all the same."""
    body = {"counts": asdict(tally.counts), "found": tally.total, "codes": dict(tally.codes)}
    try:
        await audit.door.system.journal.append(EntryKind.VERIFIED, audit.actor, case_number=number, body=body)
    except (DBAPIError, OSError):
        return False
    return True


def _print(tally: _Tally, *, recorded: bool) -> None:
    out = Console(highlight=False, soft_wrap=True)
    for code, count in tally.codes.items():
        shown = [finding for finding in tally.found if finding.code == code][:SHOWN]
        for finding in shown:
            out.print(f"[red]✗[/red] {escape(finding.zh)}\n  {escape(finding.en)}  [dim]({code})[/dim]")
        if count > len(shown):
            out.print(f"  [dim]另有 {count - len(shown)} 处同类，--json 可见 / more of this kind with --json[/dim]")
    counts = tally.counts
    if tally.total:
        out.print(f"[red]✗[/red] 核验不成立：{tally.total} 处 / does not hold: {tally.total} findings")
    else:
        out.print("[green]✓[/green] 核验成立：未发现改动 / everything holds: nothing was altered")
    out.print(
        f"  案件 {counts.cases}，事件 {counts.events}，封存 {counts.seals}，检查点 {counts.checkpoints}，叶 {counts.leaves}，日志 {counts.entries}"
    )
    out.print(
        f"  {counts.cases} cases, {counts.events} events, {counts.seals} seals, {counts.checkpoints} checkpoints,"
        f" {counts.leaves} leaves, {counts.entries} journal entries"
    )
    if not recorded:
        out.print("[yellow]！[/yellow] 结果未能记入日志 / the result could not be recorded in the journal")
