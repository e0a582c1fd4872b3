"""``sanzhang up``: the whole system on this machine, in the foreground."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from activities.evidence.keys import provide_keys
from activities.keys import load_keyring
from activities.record.codes import TrackingCodes
from activities.record.migrate import migrate, new_engine
from activities.record.seed import seed
from activities.runtime import data_folder
from activities.settings import Settings
from gateway.cli.output import AsJson, DataDir, command
from gateway.demo.accounts import provide_accounts
from gateway.demo.show import Show
from workers.machine.console import JsonReporter, Reporter, TerminalReporter
from workers.machine.up import Plan, Program, programs
from workers.machine.up import up as run_machine


async def _prepared(dsn: str, *, settings: Settings, demo: bool) -> None:
    await migrate(dsn)
    engine = new_engine(dsn, pool_size=1)
    try:
        await TrackingCodes(engine, load_keyring(settings)).tidy()
    finally:
        await engine.dispose()
    await provide_keys(settings, dsn)
    await seed(dsn, demo=demo)
    await provide_accounts(dsn, demo=demo)


def _demonstrating(program: Program) -> Program:
    """The gateway of a demonstration offers its accounts."""
    return replace(program, arguments=(*program.arguments, "--demo")) if program.name == "gateway" else program


@command
async def up(
    data_dir: DataDir = None,
    port_base: Annotated[
        int | None, typer.Option("--port-base", help="起始端口 / first port.", min=1024, max=65000)
    ] = None,
    engine_ui: Annotated[
        bool,
        typer.Option(
            "--engine-ui",
            help="打开引擎自带界面：本机任何人可用，仅限排查 / the engine's own screen, open to everybody on this machine.",
        ),
    ] = False,
    demo: Annotated[bool, typer.Option("--demo", help="示范数据与演示 / sample city, petitions, robots.")] = False,
    as_json: AsJson = False,
) -> None:
    """启动整套系统，按 Ctrl-C 停止 / run the whole system here until Ctrl-C."""
    environment = dict(os.environ)
    folder = data_folder(Path(data_dir) if data_dir else None, environment)
    environment["SANZHANG_DATA_DIR"] = str(folder)
    # The import test and the replay gate stand in for the sandbox, which costs a worker a third of its speed; tests keep it.
    environment.setdefault("SANZHANG_UNSANDBOXED", "true")

    settings = Settings.from_environment(environment)

    def keys(_: Path, fresh: bool) -> None:
        load_keyring(settings, create=fresh)

    console = Console()
    reporter: Reporter = JsonReporter() if as_json else TerminalReporter(console)
    show = Show(folder, environment, console, reporter, as_json=as_json) if demo else None
    plan = Plan(
        data_dir=folder,
        port_base=port_base,
        keys=keys,
        programs=tuple(_demonstrating(each) if demo else each for each in programs()),
        migrate=partial(_prepared, settings=settings, demo=demo),
        engine_ui=engine_ui or settings.engine_ui,
        beside=show.play if show else None,
        environment=environment,
    )
    await run_machine(plan, show.reporter if show else reporter)
    if show:
        show.farewell()
