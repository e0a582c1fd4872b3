"""Which small changes there are of a source file: an operator turned, an element left out, a figure off by one.

A sentence for people is not changed: whether it reads well is not for a test to say. Nor is what only names a type, tells an error or stands in a
decorator.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TARGETS = (
    "schemas/petition/rules/**/*.py",
    "schemas/petition/measures/**/*.py",
    "schemas/kernel/worktime.py",
    "schemas/evidence/**/*.py",
    "activities/codec.py",
)
ENUMS = (*TARGETS, "schemas/petition/state.py", "schemas/kernel/actor.py")
"""Where the enumerations are defined whose members are taken for one another."""

TURNED: Mapping[type[ast.AST], Callable[[], Any]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
SWAPPED = {
    "any": "all",
    "all": "any",
    "min": "max",
    "max": "min",
    "bisect_left": "bisect_right",
    "bisect_right": "bisect_left",
}
CLEANING = ("strip", "lower", "upper", "casefold")
_SENTENCE = re.compile(r"[\u3000-\u9fff\uff00-\uffef]|\w+ \w+ \w+")


@dataclass(frozen=True)
class Mutant:
    """``path`` with the bytes from ``start`` to ``end`` replaced by ``text``. ``name`` says where and what, and stays when lines move.

    ``lines``: those of the statement it is in, by which the tests are found that come by.
    """

    name: str
    path: str
    start: int
    end: int
    text: str
    lines: tuple[int, int]

    def applied(self, source: bytes) -> str:
        """The whole file with the change in it."""
        return (source[: self.start] + self.text.encode() + source[self.end :]).decode()


def mutants_of(root: Path) -> list[Mutant]:
    """All there are, file by file."""
    enums = _enums(_files(root, ENUMS))
    return [
        mutant
        for path in _files(root, TARGETS)
        for mutant in _named(path.relative_to(root).as_posix(), path.read_bytes(), enums)
    ]


def in_order(mutants: Iterable[Mutant], seed: int) -> list[Mutant]:
    """In an order of chance that is the same each time, and in which what is added later moves nothing else."""
    return sorted(mutants, key=lambda mutant: hashlib.sha256(f"{seed}:{mutant.name}".encode()).digest())


def _files(root: Path, patterns: Iterable[str]) -> list[Path]:
    return sorted({path for pattern in patterns for path in root.glob(pattern)})


def _enums(paths: Iterable[Path]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("Enum") for base in node.bases):
                names = (each.targets[0] for each in node.body if isinstance(each, ast.Assign))
                found[node.name] = [name.id for name in names if isinstance(name, ast.Name)]
    return found


def _named(path: str, source: bytes, enums: Mapping[str, list[str]]) -> Iterator[Mutant]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    same: Counter[str] = Counter()
    for where, statement, node, text, said in _Changes(enums).of(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        name = f"{path}: {where or 'module'}: {said}"
        same[name] += 1
        if same[name] > 1:
            name += f" ({same[name]})"
        lines = (min(statement.lineno, node.lineno), node.end_lineno or node.lineno)
        yield Mutant(name, path, start, end, text, lines)


Located = ast.expr | ast.stmt
Change = tuple[str, ast.stmt, Located, str, str]
"""The function it is in, the statement, what is replaced, by which text, and how one says it."""


class _Changes:
    """A walk over a module that keeps in mind where it is."""

    def __init__(self, enums: Mapping[str, list[str]]) -> None:
        self._enums = enums

    def of(self, module: ast.Module) -> Iterator[Change]:
        """All changes of a module."""
        for statement in module.body:
            yield from self._statement(statement, "")

    def _statement(self, node: ast.stmt, where: str) -> Iterator[Change]:
        if not where and isinstance(node, ast.Assign | ast.AnnAssign):
            where = ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Raise | ast.Assert):
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.Assign) and (ast.unparse(node.targets[0]) == "__all__" or _is_type(node.value)):
            return
        for text, said in self._dropped(node):
            yield where, node, node, text, said
        inner = where
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{where}.{node.name}".lstrip(".")
        for child in self._parts(node):
            if isinstance(child, ast.stmt):
                yield from self._statement(child, inner)
            else:
                yield from self._expression(child, node, inner)

    @staticmethod
    def _dropped(node: ast.stmt) -> Iterator[tuple[str, str]]:
        acts = isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        sets = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute | ast.Subscript)
        if acts or sets:
            yield "pass", f"without {_short(node)}"
        if isinstance(node, ast.AugAssign) and (turned := TURNED.get(type(node.op))) is not None:
            other = copy.deepcopy(node)
            other.op = turned()
            yield ast.unparse(other), f"{_short(node)} → {_short(other)}"

    @staticmethod
    def _parts(node: ast.stmt) -> Iterator[ast.stmt | ast.expr]:
        """What of a statement is looked at: not its decorators, base classes and annotations."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from node.args.defaults
                yield from (each for each in node.args.kw_defaults if each is not None)
                yield from node.body
            case ast.ClassDef():
                yield from node.body
            case ast.AnnAssign():
                if node.value is not None:
                    yield node.value
            case ast.Match():
                yield node.subject
                for case in node.cases:
                    if case.guard is not None:
                        yield case.guard
                    yield from case.body
            case ast.Try():
                yield from node.body
                for handler in node.handlers:
                    yield from handler.body
                yield from node.orelse
                yield from node.finalbody
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.stmt | ast.expr):
                        yield child
                    elif isinstance(child, ast.withitem):
                        yield child.context_expr

    def _expression(self, node: ast.expr, statement: ast.stmt, where: str) -> Iterator[Change]:
        # The places in a formatted string are not where they say they are; a subscript names a type as often as a place.
        if isinstance(node, ast.JoinedStr):
            return
        for other, said in (*self._others(node), *self._conditions(node, statement)):
            yield where, statement, node, f"({ast.unparse(other)})", said or f"{_short(node)} → {_short(other)}"
        for child in _children(node):
            yield from self._expression(child, statement, where)

    @staticmethod
    def _conditions(node: ast.expr, statement: ast.stmt) -> Iterator[tuple[ast.expr, str]]:
        asked = isinstance(statement, ast.If | ast.While) and statement.test is node
        if asked and not isinstance(node, ast.Compare | ast.UnaryOp):
            yield ast.UnaryOp(ast.Not(), node), ""

    def _others(self, node: ast.expr) -> Iterator[tuple[ast.expr, str]]:
        match node:
            case ast.Compare():
                for place, op in enumerate(node.ops):
                    other = copy.deepcopy(node)
                    other.ops[place] = TURNED[type(op)]()
                    yield other, ""
            case ast.BoolOp():
                yield ast.BoolOp(TURNED[type(node.op)](), node.values), ""
                for place, value in enumerate(node.values):
                    rest = [*node.values[:place], *node.values[place + 1 :]]
                    yield (
                        (ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0]),
                        f"{_short(node)} without {_short(value)}",
                    )
            case ast.UnaryOp(op=ast.Not()):
                yield node.operand, ""
            case ast.BinOp() if type(node.op) in TURNED:
                yield ast.BinOp(node.left, TURNED[type(node.op)](), node.right), ""
            case ast.IfExp():
                yield node.body, f"always {_short(node.body)}, not {_short(node.orelse)}"
                yield node.orelse, f"always {_short(node.orelse)}, not {_short(node.body)}"
            case ast.Constant():
                yield from _constants(node)
            case ast.Call():
                yield from self._calls(node)
            case ast.Tuple() | ast.List() | ast.Set() if not isinstance(getattr(node, "ctx", None), ast.Store):
                for place, value in enumerate(node.elts):
                    other = copy.deepcopy(node)
                    del other.elts[place]
                    empty_set = isinstance(node, ast.Set) and not other.elts
                    yield (ast.parse("set()", mode="eval").body if empty_set else other), f"without {_short(value)}"
            case ast.Dict():
                for place, key in enumerate(node.keys):
                    other = copy.deepcopy(node)
                    del other.keys[place], other.values[place]
                    yield other, f"without {_short(key if key is not None else node.values[place])}"
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                for place, each in enumerate(node.generators):
                    for at, condition in enumerate(each.ifs):
                        other = copy.deepcopy(node)
                        del other.generators[place].ifs[at]
                        yield other, f"without if {_short(condition)}"
            case ast.Attribute(value=ast.Name(id=enum)) if node.attr in self._enums.get(enum, ()):
                members = self._enums[enum]
                sibling = members[(members.index(node.attr) + 1) % len(members)]
                if sibling != node.attr:
                    yield ast.Attribute(node.value, sibling, node.ctx), ""
            case _:
                pass

    @staticmethod
    def _calls(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
        for place, keyword in enumerate(node.keywords):
            other = copy.deepcopy(node)
            del other.keywords[place]
            yield other, f"{_short(node.func)}(…) without {keyword.arg or '**' + _short(keyword.value)}"
        match node.func:
            case ast.Name(id=name) if name in SWAPPED:
                yield ast.Call(ast.Name(SWAPPED[name]), node.args, node.keywords), ""
            case ast.Attribute(value=value, attr=attr) if attr in CLEANING and not node.args:
                yield value, ""
            case _:
                pass


def _children(node: ast.AST) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.keyword):
            yield child.value
        elif isinstance(child, ast.comprehension):
            yield from (child.iter, *child.ifs)


def _is_type(node: ast.expr) -> bool:
    """Whether it can only be meant as the name of a type, as in ``Made = list[Event] | Refusal``."""
    return isinstance(node, ast.Subscript | ast.BinOp) and all(
        isinstance(
            each, ast.Subscript | ast.BinOp | ast.BitOr | ast.Name | ast.Attribute | ast.Tuple | ast.List | ast.Load
        )
        or (isinstance(each, ast.Constant) and each.value in (None, ...))
        for each in ast.walk(node)
    )


def _constants(node: ast.Constant) -> Iterator[tuple[ast.expr, str]]:
    match node.value:
        case bool(value):
            yield ast.Constant(not value), ""
        case int(value):
            yield ast.Constant(value + 1), ""
        case str(value) if not _SENTENCE.search(value):
            yield ast.Constant("" if value else "mutant"), ""
        case bytes(value):
            yield ast.Constant(b"" if value else b"mutant"), ""
        case _:
            pass


def _short(node: ast.AST) -> str:
    said = " ".join(ast.unparse(node).split())
    return said if len(said) <= 110 else f"{said[:70]} … {said[-35:]}"
