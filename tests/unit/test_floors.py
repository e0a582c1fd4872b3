"""The house rules that a reader relies on: floors that import only downwards, small rooms, telling names, nothing running at import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

BELOW: dict[str, frozenset[str]] = {
    "schemas": frozenset(),
    "activities": frozenset({"schemas"}),
    "workflows": frozenset({"schemas", "activities"}),
    "workers": frozenset({"schemas", "activities", "workflows"}),
    # The command line starts the machine; apart from that the doors know nothing of the processes.
    "gateway": frozenset({"schemas", "activities", "workflows", "workers"}),
}
"""What each floor may import besides itself."""

NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc"}
LONGEST_MODULE = 700

STARTERS = {
    "create_async_engine",
    "create_engine",
    "async_sessionmaker",
    "sessionmaker",
    "AsyncClient",
    "Client",
    "connect",
    "Settings",
}
"""Calls that open or configure something; at import time nobody has asked for it yet."""

MODULES = sorted(path for floor in BELOW for path in (ROOT / floor).rglob("*.py"))
MACHINERY_OUTSIDE_SCHEMAS = {"temporalio", "asyncpg", "structlog", "httpx", "asyncio", "socket", "os", "random", "time"}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            yield node.module or ""


def _run_at_import(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls whose result a module or a class body keeps when it is imported."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) and node.value is not None:
            yield from (inner for inner in ast.walk(node.value) if isinstance(inner, ast.Call))


def _called(call: ast.Call) -> str:
    target = call.func
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


def test_a_floor_imports_only_the_floors_below_it() -> None:
    for path in MODULES:
        floor = path.relative_to(ROOT).parts[0]
        others = {name.partition(".")[0] for name in _imports(_tree(path))} & (BELOW.keys() | {"tests"})
        assert others - {floor} <= BELOW[floor], path


def test_what_machines_are_told_does_not_lean_on_pages_or_the_command_line() -> None:
    for path in MODULES:
        if "gateway/api" in str(path):
            assert not [
                name for name in _imports(_tree(path)) if name.startswith(("gateway.console", "gateway.cli"))
            ], path


def test_the_ground_floor_touches_nothing() -> None:
    for path in MODULES:
        if "schemas" in path.parts:
            assert not {name.partition(".")[0] for name in _imports(_tree(path))} & MACHINERY_OUTSIDE_SCHEMAS, path


def test_a_module_can_be_read_in_one_sitting() -> None:
    for path in MODULES:
        assert len(path.read_text("utf-8").splitlines()) <= LONGEST_MODULE, path


def test_a_module_is_named_for_what_it_is_about() -> None:
    for path in MODULES:
        assert not {part.lower() for part in path.relative_to(ROOT).with_suffix("").parts} & NAMES_THAT_SAY_NOTHING, (
            path
        )


def test_nothing_is_opened_at_import() -> None:
    for path in MODULES:
        assert not [_called(call) for call in _run_at_import(_tree(path)) if _called(call) in STARTERS], path


def test_there_is_something_to_check() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == BELOW.keys()
