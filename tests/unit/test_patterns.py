"""No pattern that sees text from outside takes more than in proportion to its length, whatever the text was made to do to it.

Every pattern of the code base is found in its source, or in the objects that build some from the names of an organisation, and tried as it is used.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from activities.defaults import demo_organisation, police_words
from schemas.access.personal_words import PersonalWords
from schemas.organisation import Organisation
from schemas.proposals.accusation import AccusationReader
from schemas.sealing.personal import PersonalData

code, parser = import_module("re._constants"), import_module("re._parser")
"""How Python itself takes a pattern apart."""

ROOT = Path(__file__).parents[2]
FLOORS = ("schemas", "activities", "workflows", "workers", "gateway")
OWN_TEXT_ONLY = {"gateway/demo/picture.py"}
"""Files whose patterns read what this system has just drawn itself."""

BUILT = {"schemas/access/personal_words.py", "schemas/proposals/officers.py", "schemas/sealing/personal.py"}
"""Files with patterns that are put together when the program runs; ``built`` brings them."""

EVERY_USE = frozenset({"match", "fullmatch", "search"})
SEARCHED = frozenset({"search", "finditer", "findall", "sub", "subn", "split"})

SHORT, LONG = 1_000, 4_000
UNITS = (
    *"1a长 [\nA0*\"'<=xX-年王所,，\\/",
    "a1",
    "年来",
    " a",
    "1,",
    "<c ",
    "\r\n",
    " \n",
    '"",',
    '=""',
    'a="',
    "投诉",
    "1/",
)
ENDS = ("", "\0")


class Used(NamedTuple):
    where: str
    pattern: re.Pattern[Any]
    ways: frozenset[str]


def in_source() -> Iterator[tuple[str, ast.Call]]:
    for floor in FLOORS:
        for file in sorted((ROOT / floor).rglob("*.py")):
            where = file.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                match node:
                    case ast.Call(func=ast.Attribute(value=ast.Name("re"), attr=name), args=[_, *_]) if (
                        name != "escape" and where not in OWN_TEXT_ONLY
                    ):
                        yield where, node
                    case _:
                        pass


def written_out() -> Iterator[Used]:
    ways = ways_of_names()
    for where, call in in_source():
        try:
            given = ast.literal_eval(call.args[0])
        except ValueError:
            made = put_together(where, call.lineno)
            assert made or where in BUILT, f"{where}:{call.lineno} is not tried"
            for each in made:
                yield Used(f"{where}:{call.lineno}", each, ways.get((where, call.lineno), EVERY_USE))
            continue
        flags = 0
        for node in ast.walk(call):
            if isinstance(node, ast.Attribute) and node.attr.isupper():
                flags |= getattr(re, node.attr)
        assert isinstance(call.func, ast.Attribute)
        used = frozenset({call.func.attr}) if call.func.attr != "compile" else ways.get((where, call.lineno), EVERY_USE)
        yield Used(f"{where}:{call.lineno}", re.compile(given, flags), used)


def put_together(where: str, line: int) -> list[re.Pattern[str]]:
    """The patterns of a module's constant that are compiled there from other constants."""
    for node in ast.parse((ROOT / where).read_text("utf-8")).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(name)], value=value) | ast.AnnAssign(target=ast.Name(name), value=value)
            ) if value is not None and value.lineno <= line <= (value.end_lineno or 0):
                made: Any = getattr(import_module(where.removesuffix(".py").replace("/", ".")), name)
                return [each for each in (made if isinstance(made, tuple) else (made,)) if isinstance(each, re.Pattern)]  # pyright: ignore[reportUnknownVariableType]
            case _:
                pass
    return []


def ways_of_names() -> dict[tuple[str, int], frozenset[str]]:
    """By where a constant is compiled: the methods called on its name anywhere in the file, or in another where it has no underscore."""
    named: dict[str, list[tuple[str, int]]] = {}
    called: dict[tuple[str, str], set[str]] = {}
    for floor in FLOORS:
        for file in (ROOT / floor).rglob("*.py"):
            where = file.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                match node:
                    case (
                        ast.Assign(targets=[ast.Name(name)], value=ast.Call(lineno=line))
                        | ast.AnnAssign(target=ast.Name(name), value=ast.Call(lineno=line))
                    ):
                        named.setdefault(name, []).append((where, line))
                    case ast.Call(func=ast.Attribute(value=ast.Name(name), attr=way)):
                        called.setdefault((where, name), set()).add(way)
                    case _:
                        pass
    found: dict[tuple[str, int], frozenset[str]] = {}
    for name, places in named.items():
        for where, line in places:
            ways = called.get((where, name), set())
            if not name.startswith("_"):
                ways = ways.union(*(each for (_, other), each in called.items() if other == name))
            if ways:
                found[where, line] = frozenset(ways)
    return found


def odd_city() -> Organisation:
    """The demonstration's with people and places named so that every name is the beginning of the next."""
    city = demo_organisation().model_dump(mode="json")
    for at, unit in enumerate(city["units"]):
        unit["aliases"] = ["一" * (at + 2)]
    for at, person in enumerate(city["people"]):
        person["aliases"] = ["王" * (at % 40 + 2), "所" * (at % 40 + 2)]
    return Organisation.model_validate(city)


def built() -> Iterator[Used]:
    for city in (demo_organisation(), odd_city()):
        reader = AccusationReader(city, police_words())
        for keeper in (reader, reader._names):  # pyright: ignore[reportPrivateUsage]
            for name, value in vars(keeper).items():
                if isinstance(value, re.Pattern):
                    yield Used(f"{type(keeper).__name__}.{name}", value, EVERY_USE)
    words = import_module("schemas.access.personal_words")
    people = [PersonalData(name="张" * (at % 4 + 1), phone=f"138{at:08}") for at in range(200)]
    known = PersonalWords(words.Known.of(people), pieces=True)
    for name, value in vars(known).items():
        if isinstance(value, re.Pattern):
            yield Used(f"PersonalWords.{name}", cast("re.Pattern[str]", value), frozenset({"finditer"}))
    personal = import_module("schemas.sealing.personal")
    yield Used("personal._DISTRICT", personal._DISTRICT, frozenset({"match"}))


ALL = [*written_out(), *built()]


@pytest.mark.parametrize("used", ALL, ids=lambda used: used.where)
def test_a_pattern_takes_no_more_than_in_proportion(used: Used) -> None:
    for before, unit in hostile(used.pattern):
        for end in ENDS:
            shorter, longer = (before + unit * (size // len(unit)) + end for size in (SHORT, LONG))
            if is_steep(used, shorter, longer):
                pytest.fail(f"{used.where} on {before[:30]!r} + {unit[:30]!r} × n + {end!r}")


def is_steep(used: Used, shorter: str, longer: str) -> bool:
    """Whether four times the text takes more than nine times as long; what is over in two milliseconds has no slope to speak of."""
    for _ in range(3):
        long = taken(used, longer)
        if long < 0.002 or long < 9 * taken(used, shorter):
            return False
    return True


def taken(used: Used, text: str) -> float:
    pattern: re.Pattern[Any] = used.pattern
    said: Any = text.encode() if isinstance(pattern.pattern, bytes) else text
    begun = time.thread_time()
    if used.ways & SEARCHED:
        for _ in cast("Iterator[object]", pattern.finditer(said)):
            pass
    if "match" in used.ways:
        used.pattern.match(said)
    if "fullmatch" in used.ways:
        used.pattern.fullmatch(said)
    return time.thread_time() - begun


def hostile(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str]]:
    """What comes first, and what is then repeated: everything short, and every piece of what the pattern itself looks for."""
    repeats: list[tuple[str, str]] = []
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    parsed: Any = parser.parse(pattern.pattern, flags)
    tree = cast("list[tuple[Any, Any]]", parsed)
    whole = sample(tree, repeats)
    units = {*UNITS, whole, whole[:-1], whole[: len(whole) // 2]}
    units |= {piece for before, body in repeats for piece in (body, before + body)}
    yield from (("", unit) for unit in sorted(filter(None, units)))
    yield from sorted({(before, body) for before, body in repeats if before and body})


def sample(tree: list[tuple[Any, Any]], repeats: list[tuple[str, str]]) -> str:
    """The shortest text of a parsed pattern; of each repetition in it, what comes before it and what it repeats."""
    text = ""
    for kind, what in tree:
        if kind is code.LITERAL:
            text += chr(what)
        elif kind is code.NOT_LITERAL:
            text += "b" if what == ord("a") else "a"
        elif kind is code.ANY:
            text += "a"
        elif kind is code.IN:
            text += one_of(what)
        elif kind is code.BRANCH:
            text += max((sample(each, repeats) for each in what[1]), key=len)
        elif kind is code.SUBPATTERN:
            text += sample(what[3], repeats)
        elif kind in (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT):
            least, _, body = what
            piece = sample(body, repeats)
            repeats.append((text, piece))
            text += piece * max(least, 1)
    return text


def one_of(members: Any) -> str:
    kind, what = members[0]
    if kind is code.NEGATE:
        return "长"
    if kind is code.LITERAL:
        return chr(what)
    if kind is code.RANGE:
        return chr(what[0])
    return {code.CATEGORY_DIGIT: "1", code.CATEGORY_SPACE: " ", code.CATEGORY_NOT_WORD: ","}.get(what, "a")


@pytest.mark.parametrize("steep", [r"\d{3,}万元", r"\s+$", r"(a|a)*b", r"(?:的?问题)+$", r"[^=]+="])
def test_a_steep_pattern_would_be_found(steep: str) -> None:
    used = Used("", re.compile(steep), EVERY_USE)
    size = 22 if steep == r"(a|a)*b" else LONG
    assert any(
        is_steep(used, before + unit * (size // 4) + end, before + unit * size + end)
        for before, unit in hostile(used.pattern)
        for end in ENDS
    )
