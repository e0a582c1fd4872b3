"""The house rules that a reader relies on: small rooms, telling names, nothing running at import. Who may import whom: ``tool.importlinter`` in pyproject.toml."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FLOORS = ("schemas", "activities", "workflows", "workers", "gateway")

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

MODULES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def _run_at_import(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls whose result a module or a class body keeps when it is imported."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) and node.value is not None:
            yield from (inner for inner in ast.walk(node.value) if isinstance(inner, ast.Call))


def _called(call: ast.Call) -> str:
    target = call.func
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


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
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(FLOORS)
