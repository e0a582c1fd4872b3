"""``sanzhang intake``: petitions from a broker, and what of them was parked."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from activities.logs import configure_logging
from activities.parked import Parked
from activities.settings import Settings
from gateway.cli.output import AsJson, DataDir, command, door_for, local, print_json
from gateway.doors import Door
from gateway.intake import kafka_topic, nats_stream
from gateway.intake.arrivals import Arrivals
from gateway.intake.consuming import Consumer
from gateway.intake.drafts import Drafts
from schemas.kernel.errors import UserError

app = typer.Typer(help="消息接入 / petitions from a broker.", no_args_is_help=True)
parked_app = typer.Typer(
    help="搁置的消息 / messages that could not become a case.", no_args_is_help=False, invoke_without_command=True
)
consume_app = typer.Typer(help="接收消息，直至 Ctrl-C / take messages until Ctrl-C.", no_args_is_help=True)
app.add_typer(parked_app, name="parked")
app.add_typer(consume_app, name="consume")

ParkedId = Annotated[str, typer.Argument(metavar="ID", help="搁置编号 / of the parked message.", show_default=False)]


@consume_app.command("nats")
@command
async def consume_nats(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """从 NATS JetStream 接收（SANZHANG_NATS_URL） / from NATS JetStream."""
    async with door_for(data_dir) as door:
        settings = door.system.settings
        if settings.nats_url is None:
            raise _unset("SANZHANG_NATS_URL")
        _log_as_a_worker(settings)
        consumer = consumer_of(door, f"nats:{settings.nats_stream}")
        _begun("NATS", settings.nats_subject, as_json=as_json)
        url = settings.nats_url.get_secret_value()
        await nats_stream.consume(url, settings.nats_stream, settings.nats_subject, consumer, _until_told())


@consume_app.command("kafka")
@command
async def consume_kafka(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """从 Kafka 接收（SANZHANG_KAFKA_SERVERS） / from Kafka."""
    async with door_for(data_dir) as door:
        settings = door.system.settings
        if settings.kafka_servers is None:
            raise _unset("SANZHANG_KAFKA_SERVERS")
        _log_as_a_worker(settings)
        consumer = consumer_of(door, f"kafka:{settings.kafka_topic}")
        _begun("Kafka", settings.kafka_topic, as_json=as_json)
        await kafka_topic.consume(settings.kafka_servers, settings.kafka_topic, consumer, _until_told())


def _log_as_a_worker(settings: Settings) -> None:
    # It serves like a worker: what it logs keeps to the rules on personal data, and its standard output stays the command's.
    configure_logging(log_format=settings.log_format, log_level=settings.log_level, stream=sys.stderr)


@parked_app.callback()
def parked_by_default(ctx: typer.Context) -> None:
    """搁置的消息 / messages that could not become a case."""
    if ctx.invoked_subcommand is None:
        list_parked(everything=False, data_dir=None, as_json=False)


@parked_app.command("list")
@command
async def list_parked(
    *,
    everything: Annotated[bool, typer.Option("--all", help="包括已重新送入的 / also those driven in since.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """列出搁置的消息及原因，不显示内容 / the parked messages and why; never their content."""
    async with door_for(data_dir) as door:
        lines = await _parked(door).waiting(all_of_them=everything)
    if as_json:
        print_json({"parked": [line.model_dump(mode="json") for line in lines]})
        return
    out = Console(highlight=False)
    if not lines:
        out.print("[green]✓[/green] 没有搁置的消息 / nothing is parked")
        return
    table = Table("编号", "来源", "搁置时间", "原因")
    for line in lines:
        table.add_row(line.id, line.source, local(line.parked_at), Text(line.reason))
    out.print(table)


@parked_app.command("drive")
@command
async def drive(
    parked: ParkedId,
    *,
    as_new: Annotated[
        bool, typer.Option("--as-new", help="同编号不同内容：另立一件 / file it under an id of its own.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """重新送入；仍不能建档则留在原处 / send it in again; refused still, it stays."""
    async with door_for(data_dir) as door:
        arrived = await consumer_of(door, "parked").drive(parked, as_new=as_new)
    numbers = [each.number for each in arrived]
    _say(as_json, {"id": parked, "numbers": numbers}, f"已建档：{'、'.join(numbers)} / filed")


@parked_app.command("drop")
@command
async def drop(
    parked: ParkedId,
    *,
    why: Annotated[str, typer.Option("--why", metavar="REASON", help="理由，留存 / why; kept.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="不再询问 / do not ask.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """删除搁置的消息，不可恢复 / remove it for good."""
    if not (yes or as_json):
        typer.confirm(f"删除 {parked}？不可恢复 / remove it for good?", abort=True)
    async with door_for(data_dir) as door:
        await _parked(door).drop(parked, why)
    _say(as_json, {"id": parked, "dropped": True}, f"{parked} 已删除 / removed")


def consumer_of(door: Door, source: str) -> Consumer:
    """The consumer of an installation; ``source``: whence its messages come."""
    return Consumer(Arrivals(door, Drafts(door)), _parked(door), source=source)


def _parked(door: Door) -> Parked:
    return Parked(door.system.database, door.system.keyring)


def _until_told() -> asyncio.Event:
    stop = asyncio.Event()
    for told in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(told, stop.set)
    return stop


def _begun(broker: str, subject: str, *, as_json: bool) -> None:
    if not as_json:
        Console(stderr=True, highlight=False).print(
            Text(f"正在从 {broker} 接收 {subject}，按 Ctrl-C 停止 / taking messages until Ctrl-C")
        )


def _unset(setting: str) -> UserError:
    return UserError(
        "setting_missing",
        zh=f"请先设置 {setting}。",
        en=f"Set {setting} first.",
        variable=setting,
    )


def _say(as_json: bool, facts: dict[str, Any], sentence: str) -> None:
    if as_json:
        print_json(facts)
    else:
        Console(highlight=False, soft_wrap=True).print(Text.assemble(("✓ ", "green"), sentence))
