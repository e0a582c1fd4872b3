"""What a replay found, in facts and in words."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from pydantic import JsonValue

from schemas.evidence.chain import payload
from schemas.kernel.json_difference import MISSING, json_differences
from schemas.kernel.model import Frozen
from schemas.petition.events import Event
from schemas.petition.wording.narration import narrate

FIELDS_SHOWN = 20
"""Field differences a verdict names; a whole other event has dozens."""


class Outcome(StrEnum):
    """``missing``: part of the case has no history any more, neither in the engine nor in the archive, so nobody can say."""

    SAME = "same"
    DIFFERS = "differs"
    MISSING = "missing"


class Side(Frozen):
    """An event as one side has it, in both languages."""

    seq: int
    kind: str
    at: datetime
    zh: str
    en: str


class FieldDifference(Frozen):
    """A field by its path (``clock.due``), with what stands on either side; None where a side has no such field."""

    path: str
    recorded: JsonValue
    decided: JsonValue


class Difference(Frozen):
    """The first thing that differs.

    ``code``: ``decision`` (the same step, another decision), ``commands`` (the SDK could not follow the history), ``record_short`` and
    ``record_long`` (the record lacks what was decided, or has what nobody decided), ``state`` (a run began from a state that is no fold of the
    record), ``told`` (another case is told something else), ``answer`` (an order is answered otherwise), ``missing`` (no history).
    ``history_event`` is the number of the event of the engine's history in run ``run_id``; 0 where there is none.
    """

    code: str
    zh: str
    en: str
    seq: int = 0
    recorded: Side | None = None
    decided: Side | None = None
    fields: tuple[FieldDifference, ...] = ()
    run_id: str = ""
    history_event: int = 0
    sdk: str = ""


class Verdict(Frozen):
    """Of one case. ``events``: decided alike; of those, ``told``: the record's own answer to a commit whose first answer was lost, which the
    history cannot show anybody deciding. ``ahead``: events of one command under way when the history was read.
    """

    case: str
    outcome: Outcome
    runs: int = 0
    events: int = 0
    told: int = 0
    ahead: int = 0
    difference: Difference | None = None


def side(seq: int, event: Event) -> Side:
    """An event in words."""
    zh, en = narrate(event)
    return Side(seq=seq, kind=event.kind, at=event.at, zh=zh, en=en)


def field_differences(recorded: Event, decided: Event) -> tuple[FieldDifference, ...]:
    """The fields in which two events differ, at most ``FIELDS_SHOWN``."""
    found = islice(json_differences(payload(recorded), payload(decided)), FIELDS_SHOWN)
    return tuple(
        FieldDifference(path=each.path, recorded=_shown(each.one), decided=_shown(each.other)) for each in found
    )


def _shown(value: Any) -> JsonValue:
    return None if value is MISSING else value


_NAMED = re.compile(r"HistoryEvent\(id: (\d+), (?:Some\()?(\w+)")


def named_event(message: str) -> tuple[int, str]:
    """The event of the history that an error of the SDK's core names, by number and kind; 0 where it names none."""
    found = _NAMED.search(message)
    return (int(found[1]), found[2]) if found else (0, "")


def not_followed(failure: Exception, run_id: str, seq: int, awaited: Event | None) -> Difference:
    """The SDK could not follow the history; ``awaited`` is what the record holds at that place."""
    message = str(failure)
    number, kind = named_event(message)
    held = side(seq, awaited) if awaited is not None else None
    place_zh = f"流程历史第 {number} 条（{kind}）" if number else "流程历史"
    place_en = f"event {number} of the engine's history ({kind})" if number else "the engine's history"
    return Difference(
        code="commands",
        zh=f"今天的程序走不下去：{place_zh}与它要做的不同{f'；记录第 {seq} 条为“{held.zh}”' if held else ''}。",
        en=f"Today's code can't follow: {place_en} is not what it would do"
        f"{f'; event {seq} of the record is “{held.en}”' if held else ''}.",
        seq=seq,
        recorded=held,
        run_id=run_id,
        history_event=number,
        sdk=message,
    )
