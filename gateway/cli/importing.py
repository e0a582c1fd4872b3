"""``sanzhang import``: a workbook of messages becomes cases, once, however often and wherever it is interrupted."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import time
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.import_output import Bar, conclude, show_preview
from gateway.cli.output import BY_COMMAND_LINE, AsJson, DataDir, actor_of, command, settings_for
from gateway.doors import Door
from gateway.importing.content import Contents, default_source
from gateway.importing.filing import FilingOf, Tally, file_all
from gateway.importing.preview import preview
from gateway.importing.proposing import load_taxonomy
from gateway.importing.summary import summed_up
from gateway.retry import retry_transient
from gateway.workbook.headings import parse_map
from gateway.workbook.message import DuplicateRow, Message, RefusedRow, Workbook
from gateway.workbook.reading import read_workbook
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import EARLIEST_DAY
from schemas.petition.wording.terms import chinese
from schemas.policy import Policy
from workers.composition import open_system

PATIENCE_SECONDS = 120.0
"""How long a row waits for an engine or a database that is away, before the import ends and says how to go on."""

STOPPING = (signal.SIGINT, signal.SIGTERM)


@command
async def import_(
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.xlsx|csv", help="留言工作簿 / the workbook.", show_default=False)
    ],
    mapping: Annotated[
        str | None,
        typer.Option("--map", metavar="FIELD=HEADING,…", help="指定列 / name columns.", show_default=False),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只看建议，不建档 / show proposals, file nothing.")
    ] = False,
    as_recorded: Annotated[
        bool, typer.Option("--as-recorded", help="从表中记载的时间起算 / clocks run from the recorded times.")
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(
            "--source", metavar="NAME", help="来源名（默认取编号列名）/ whose ids these are.", show_default=False
        ),
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option(
            "--channel", help="渠道（默认按表中渠道列，否则 import）/ channel of every row.", show_default=False
        ),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="PERSON", help="以此人身份 / who files (default: the import itself).", show_default=False
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="只读前 N 行 / the first N rows only.")] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=64, help="同时建档数 / filings at once.")
    ] = 16,
    refused_to: Annotated[
        Path | None,
        typer.Option(
            "--refused-to", metavar="DIR", help="退回清单的目录 / where refused rows are listed.", show_default=False
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """导入留言工作簿，可中断、可重复 / file the messages of a workbook; safe to interrupt and to repeat."""
    begun = time.monotonic()
    # The whole file is read before anything is asked of the system: what can't be used is said at once.
    workbook = await asyncio.to_thread(_read, file, mapping, refused_to)
    rows = workbook.rows if limit is None else workbook.rows[:limit]
    settings = settings_for(data_dir)
    load_taxonomy(settings.taxonomy_file)
    async with (
        open_system(settings, os.environ, pool_size=min(concurrency, 20), identity="import") as system,
        aclosing(Door(system, patience=PATIENCE_SECONDS)) as door,
    ):
        organisation = await door.organisation()
        policy = (await door.rules()).policy
        actor = _actor(await actor_of(door, person)) if person else _nobody(organisation.city_code)
        named = source or default_source(workbook)
        contents = Contents(system.keyring, named, policy.channels, _channel(policy, channel, as_recorded=as_recorded))
        if dry_run:
            told = partial(door.desk.may_be_told, actor)
            lines = await retry_transient(
                lambda: preview(rows, contents, door.reading.proposals, door.hearing, system.database, actor, told)
            )
            show_preview(workbook, named, lines, as_json=as_json)
            return

        async def file_one(message: Message) -> bool:
            content = contents.of(message, await door.reading.proposals(message.subject, message.text))
            received = _recorded(message) if as_recorded else None
            return (await door.desk.file(actor, content, received_at=received)).known

        digest = hashlib.sha256(await asyncio.to_thread(file.read_bytes)).hexdigest()
        said = {"what": "workbook", "digest": digest, "rows": len(rows)}
        await door.trail.record(EntryKind.IMPORTED, actor, said)
        tally = await _watched(rows, file_one, concurrency, quiet=as_json)
    summary = summed_up(
        tally,
        file=file,
        sheet=workbook.sheet,
        source=named,
        seconds=time.monotonic() - begun,
        refused_to=refused_to,
    )
    conclude(tally, summary, as_json=as_json)


def _read(file: Path, mapping: str | None, refused_to: Path | None) -> Workbook:
    if refused_to is not None and not (refused_to.is_dir() and os.access(refused_to, os.W_OK)):
        raise UserError(
            "refused_file_unwritable",
            zh=f"退回清单的目录“{refused_to}”不存在或不可写；请换一个（--refused-to）。",
            en=f"The folder for refused rows “{refused_to}” is missing or can't be written; choose another (--refused-to).",
            path=str(refused_to),
        )
    return read_workbook(file, parse_map(mapping) if mapping is not None else None, now=datetime.now(UTC))


def _nobody(city: str) -> Actor:
    """The import itself: nobody's name stands under what nobody has looked at."""
    return Actor(id="import", role=Role.UPSTREAM, unit=city, credential=BY_COMMAND_LINE)


def _actor(actor: Actor) -> Actor:
    if actor.role in (Role.OPERATOR, Role.UPSTREAM):
        return actor
    raise UserError(
        "role_wrong",
        zh=f"{actor.id} 的角色是“{chinese(actor.role.value)}”，建档需由受理员或上游系统进行（--as）。",
        en=f"{actor.id} is a {actor.role.value}; filing takes an operator or an upstream system (--as).",
        person=actor.id,
    )


def _channel(policy: Policy, channel: str | None, *, as_recorded: bool) -> str | None:
    chosen = "import" if channel is None else channel
    known = policy.channels.get(chosen)
    if known is None:
        raise UserError(
            "channel_unknown",
            zh=f"没有渠道“{chosen}”，可选（--channel）：{'、'.join(policy.channels)}。",
            en=f"There is no channel “{chosen}”; choose one (--channel): {', '.join(policy.channels)}.",
            channel=chosen,
        )
    if as_recorded and channel is not None and not known.trusted_time:
        raise UserError(
            "source_time_untrusted",
            zh=f"渠道“{chosen}”的时间不作为收件时间（政策），不能与 --as-recorded 同用。",
            en=f"By policy the times of channel “{chosen}” are not trusted; it can't go with --as-recorded.",
            channel=chosen,
        )
    return channel


def _recorded(message: Message) -> datetime:
    if message.submitted_at.date() < EARLIEST_DAY:
        raise UserError(
            "time_too_old",
            zh=f"时间 {message.submitted_at:%Y-%m-%d} 太早，不能据以计算期限；请核对年份。",
            en=f"No term can be counted from {message.submitted_at:%Y-%m-%d}; check the year.",
        )
    return message.submitted_at.astimezone(UTC)


async def _watched(
    rows: Sequence[Message | RefusedRow | DuplicateRow], file_one: FilingOf, concurrency: int, *, quiet: bool
) -> Tally:
    """Files the rows under a progress bar; the first Ctrl-C (or SIGTERM) asks it to stop, a second one ends it at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOPPING:
        loop.add_signal_handler(number, _told_to_stop, stop, loop)
    try:
        with Bar(len(rows), quiet=quiet) as bar:
            return await file_all(rows, file_one, concurrency=concurrency, stop=stop, progress=bar.moved)
    finally:
        for number in STOPPING:
            loop.remove_signal_handler(number)


def _told_to_stop(stop: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    stop.set()
    for number in STOPPING:
        loop.remove_signal_handler(number)
