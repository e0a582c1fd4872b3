"""The command line imports what is called, and nothing to say what could be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gateway.cli.commands import COMMANDS
from gateway.cli.lazy import Command, Group, imported

HEAVY = frozenset(
    [
        "temporalio",
        "sqlalchemy",
        "asyncpg",
        "openpyxl",
        "python_calamine",
        "matplotlib",
        "opencc",
        "numpy",
        "pypinyin",
        "schemathesis",
        "fastapi",
        "starlette",
        "jinja2",
        "typst",
        "icalendar",
        "authlib",
        "cryptography",
        "argon2",
        "alembic",
        "apprise",
        "obstore",
        "structlog",
        "httpx",
        "schemas",
        "activities",
        "yaml",
        "uvloop",
    ]
)
"""What takes its time; none of it is needed to say what commands there are. (Pydantic is Typer's own need.)"""

OF_OTHERS = frozenset(
    [
        "openpyxl",
        "python_calamine",
        "matplotlib",
        "schemathesis",
        "fastapi",
        "jinja2",
        "typst",
        "icalendar",
        "authlib",
        "argon2",
        "alembic",
        "apprise",
        "obstore",
    ]
)
"""What reads of cases are shown without."""

ROOT = Path(__file__).resolve().parents[4]
CALL = """
import json, sys
from gateway.cli import main
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def called(*arguments: str) -> tuple[int, set[str]]:
    """The exit code, and which packages the call imported."""
    done = subprocess.run(  # ours
        [sys.executable, "-c", CALL, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, set(json.loads(done.stderr.strip().splitlines()[-1]))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        ((), 2),
        (("case", "--help"), 0),
        (("audit",), 2),
        (("calendar", "--help"), 0),
        (("cas",), 2),
        (("case", "sho"), 2),
        (("--version",), 2),
    ],
)
def test_saying_what_there_is_imports_none_of_it(arguments: tuple[str, ...], code: int) -> None:
    ended, modules = called(*arguments)
    assert ended == code
    assert not modules & HEAVY


@pytest.mark.parametrize(
    "arguments", [("case", "show", "--help"), ("case", "act", "--help"), ("case", "list", "--help")]
)
def test_a_command_imports_what_it_needs_and_not_what_others_do(arguments: tuple[str, ...]) -> None:
    ended, modules = called(*arguments)
    assert ended == 0
    assert not modules & OF_OTHERS


def every(commands: Mapping[str, Command | Group], *above: str) -> Iterator[tuple[str, Command]]:
    for name, each in commands.items():
        if isinstance(each, Group):
            yield from every(each.commands, *above, name)
        else:
            yield " ".join((*above, name)), each


def test_each_line_is_the_first_of_the_commands_own_help() -> None:
    for name, command in every(COMMANDS):
        own = imported(name.rpartition(" ")[2], command)
        assert own.help.split("\n\n")[0].replace("\n", " ") == command.help, name
        assert own.name == name.rpartition(" ")[2]
        assert not own.hidden and not own.short_help
