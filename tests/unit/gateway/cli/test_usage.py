"""What the command line says when there is no system, or the call is wrong: one sentence, one code, one exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.main import application


def run(*arguments: str, folder: Path | None = None, stdin: str | None = None) -> tuple[int, str, str]:
    where = ["--data-dir", str(folder)] if folder is not None else []
    result = CliRunner().invoke(application(), [*arguments, *where], input=stdin)
    return result.exit_code, result.stdout, result.stderr


def refusal(*arguments: str, folder: Path | None = None) -> tuple[int, str]:
    exit_code, out, _ = run(*arguments, "--json", folder=folder)
    error: dict[str, Any] = json.loads(out)["error"]
    assert error["zh"]
    assert error["en"]
    return exit_code, error["code"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["case", "list"],
        ["case", "show", "XA-2026-S-000001"],
        ["case", "history", "XA-2026-S-000001"],
        ["case", "why", "XA-2026-S-000001"],
        ["case", "act", "XA-2026-S-000001", "--as", "somebody"],
        ["case", "act", "XA-2026-S-000001", "approve", "--as", "somebody"],
        ["case", "file", "--as", "somebody", "--text", "路灯不亮"],
        ["board"],
        ["policy", "show"],
        ["org", "show"],
        ["calendar", "show"],
        ["calendar", "check"],
    ],
)
def test_without_a_system_every_command_says_so(arguments: list[str], tmp_path: Path) -> None:
    assert refusal(*arguments, folder=tmp_path) == (3, "system_not_running")


def test_people_read_the_same_on_the_error_stream(tmp_path: Path) -> None:
    exit_code, out, err = run("case", "list", folder=tmp_path)
    assert (exit_code, out) == (3, "")
    assert "system_not_running" in err
    assert "sanzhang up" in err


@pytest.mark.parametrize(
    ("expected", "arguments"),
    [
        ((2, "command_unknown"), ["case", "act", "X", "explode", "--as", "p"]),
        ((2, "field_unknown"), ["case", "act", "X", "accept", "--as", "p", "--lead", "XA"]),
        ((2, "body_invalid"), ["case", "act", "X", "accept", "--as", "p", "--body", "{"]),
        ((2, "body_invalid"), ["case", "act", "X", "accept", "--as", "p", "--body", "[1]"]),
        ((2, "file_unreadable"), ["case", "act", "X", "accept", "--as", "p", "--body", "@/no/such/file"]),
        ((2, "body_invalid"), ["case", "file", "--as", "p", "--text", "x", "--body", '{"people": []}']),
        ((2, "time_invalid"), ["board", "--as-of", "yesterday"]),
        ((2, "file_unreadable"), ["policy", "check", "/no/such/file"]),
        ((2, "file_unreadable"), ["org", "check", "/no/such/file"]),
        ((2, "calendar_covers_invalid"), ["calendar", "import", "x.csv", "--covers", "2027"]),
        ((2, "calendar_covers_invalid"), ["calendar", "import", "x.csv", "--covers", "2027-02-01..2027-01-01"]),
    ],
)
def test_a_wrong_call_is_named_before_the_system_is_asked(
    expected: tuple[int, str], arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANZHANG_DATA_DIR", str(tmp_path))
    assert refusal(*arguments) == expected


def test_a_policy_is_judged_without_a_system(tmp_path: Path) -> None:
    sound = Path("schemas/defaults/policy.yaml").read_text(encoding="utf-8")
    file = tmp_path / "policy.yaml"
    file.write_text(sound, encoding="utf-8")
    assert run("policy", "check", str(file))[0] == 0
    file.write_text(sound.replace("finish_days: 7", "finish_days: 70", 1), encoding="utf-8")
    assert refusal("policy", "check", str(file)) == (2, "policy_contradiction")
    file.write_bytes(b"\xff\xfe\x00garbage")
    assert refusal("policy", "check", str(file)) == (2, "file_unreadable")


def test_what_people_wrote_is_never_markup() -> None:
    exit_code, _, err = run("board", "--as-of", "[/red]")
    assert exit_code == 2
    assert "[/red]" in err
