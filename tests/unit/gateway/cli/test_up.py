"""What ``sanzhang up`` is asked to run."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import machine
from gateway.cli.main import application
from workers.machine.up import Plan


@pytest.mark.parametrize(
    ("arguments", "setting", "opened"),
    [((), None, False), (("--engine-ui",), None, True), ((), "1", True), ((), "0", False)],
)
def test_the_screen_of_the_engine_is_opened_on_request_only(
    arguments: tuple[str, ...], setting: str | None, opened: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[Plan] = []

    async def noted(plan: Plan, _: object) -> None:
        plans.append(plan)

    monkeypatch.setattr(machine, "run_machine", noted)
    if setting is not None:
        monkeypatch.setenv("SANZHANG_ENGINE_UI", setting)
    done = CliRunner().invoke(application(["up"]), ["up", "--data-dir", str(tmp_path), *arguments])
    assert done.exit_code == 0, done.output
    assert [plan.engine_ui for plan in plans] == [opened]
