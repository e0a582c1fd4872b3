"""What is out of step, in facts and in words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from schemas.kernel.model import Frozen

SENTENCES: dict[str, tuple[str, str]] = {
    "record_unreadable": (
        "{case} 的事件读不出来，请先核验（sanzhang audit verify {case}）。",
        "The events of {case} can't be read; verify it first (sanzhang audit verify {case}).",
    ),
    "look_failed": (
        "{case} 无法对账（{reason}），其他案件不受影响。",
        "{case} could not be compared ({reason}); the other cases were.",
    ),
    "row_differs": (
        "{case} 的读模型与事件不符：{fields}。",
        "{case}: the read model is not what its events say: {fields}.",
    ),
    "row_missing": ("{case} 有事件而没有读模型。", "{case} has events and no row of the read model."),
    "row_unfounded": ("{case} 有读模型而没有事件。", "{case} has a row of the read model and no events."),
    "petitioners_differ": (
        "{case} 的信访人登记与事件不符：{fields}。",
        "{case}: its petitioners are not those its events brought: {fields}.",
    ),
    "engine_differs": (
        "{case} 在引擎中的状态与事件不符：{fields}。",
        "{case}: the engine holds another state than its events make: {fields}.",
    ),
    "engine_silent": (
        "{case} 的流程不应答：{reason}。",
        "The workflow of {case} does not answer: {reason}.",
    ),
    "run_missing": (
        "{case} 尚未办结，却没有正在运行的流程（{status}）。",
        "{case} is open and no workflow runs for it ({status}).",
    ),
    "run_of_sealed_case": (
        "{case} 已销号归档，流程却还在运行。",
        "{case} is sealed and its workflow still runs.",
    ),
    "run_without_case": (
        "流程 {case} 正在运行，记录中却没有这一件。",
        "A workflow runs for {case}, which the record does not know.",
    ),
    "timer_missing": (
        "{case} 应在 {due} 提醒，引擎中却没有定时。",
        "{case} must ring at {due}, and the engine holds no timer for it.",
    ),
    "timer_late": (
        "{case} 应在 {due} 提醒，引擎中的定时却是 {armed}。",
        "{case} must ring at {due}, and the engine's timer is set for {armed}.",
    ),
    "timer_overdue": (
        "{case} 应在 {due} 提醒，至今未响。",
        "{case} was to ring at {due} and has not yet.",
    ),
    "followers_not_told": (
        "{case} 已答复，并入的 {count} 件至今没有收到（{members}）。",
        "{case} is answered, and {count} of the cases merged into it have not heard it ({members}).",
    ),
    "petitioners_unfounded": (
        "petitioners 表有 {case} 的信访人，记录中却没有这一件。",
        "The table petitioners names people of {case}, which the record does not know.",
    ),
    "commands_unfounded": (
        "commands 表有 {case} 的指令，记录中却没有这一件。",
        "The table commands has orders of {case}, which the record does not know.",
    ),
    "notices_unfounded": (
        "outbox 表有 {case} 的通知，记录中却没有这一件。",
        "The table outbox owes notices of {case}, which the record does not know.",
    ),
    "intake_missing": (
        "{case} 在 intake 表没有收件登记。",
        "{case} has no row in intake: nobody reserved its number.",
    ),
    "filing_unmarked": (
        "{case} 已建档，intake 表却记为未建档。",
        "{case} is filed, and the table intake says it is not.",
    ),
    "number_unfiled": (
        "编号 {case} 自 {since} 起预留，一直没有建档。",
        "The number {case} was reserved at {since} and never filed.",
    ),
    "notices_given_up": (
        "{case} 有 {count} 条通知多次投递失败，已放弃。",
        "{count} notices of {case} could not be delivered and were given up.",
    ),
}
"""By code, never renamed."""

NOTES = frozenset({"number_unfiled", "notices_given_up"})
"""Worth knowing, and nothing out of step."""

PERSONAL = frozenset({"title", "text", "alias", "sealed"})
"""Columns that hold people's own words or data; of those only a digest leaves the database."""

FIELDS_SHOWN = 30


class FieldOnBothSides(Frozen):
    """``record``: what the events make it; ``other``: what the engine or the read model holds. People's words stand as a digest only."""

    name: str
    record: JsonValue
    other: JsonValue


class Disagreement(Frozen):
    """``code`` is a key of ``SENTENCES``; ``note``: nothing is wrong by it. ``fields``: the two sides, where they can be set side by side."""

    code: str
    case: str
    zh: str
    en: str
    note: bool = False
    fields: tuple[FieldOnBothSides, ...] = ()


def disagreement(code: str, case: str, *, fields: tuple[FieldOnBothSides, ...] = (), **facts: Any) -> Disagreement:
    """That code, worded. ``KeyError`` where a fact its sentence speaks of is missing."""
    zh, en = SENTENCES[code]
    told = facts | {"case": case, "fields": "、".join(each.name for each in fields)}
    english = facts | {"case": case, "fields": ", ".join(each.name for each in fields)}
    return Disagreement(
        code=code,
        case=case,
        zh=zh.format_map(told),
        en=en.format_map(english),
        note=code in NOTES,
        fields=fields[:FIELDS_SHOWN],
    )


def both_sides(name: str, record: Any, other: Any) -> FieldOnBothSides:
    """A column or field as it stands on both sides."""
    return FieldOnBothSides(name=name, record=shown(name, record), other=shown(name, other))


def shown(name: str, value: Any) -> JsonValue:
    """A value as it may leave the database: JSON, bytes as hex, people's own words and data as a digest."""
    plain = to_jsonable_python(value.hex() if isinstance(value, bytes | memoryview) else value)
    if plain is None or name.rpartition(".")[2] not in PERSONAL:
        return plain
    return "sha256:" + hashlib.sha256(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def differing(record: JsonValue, other: JsonValue, path: str = "") -> Iterator[FieldOnBothSides]:
    """Where two documents differ, down to the leaf."""
    if record == other:
        return
    if isinstance(record, dict) and isinstance(other, dict):
        for name in sorted(record.keys() | other.keys()):
            yield from differing(record.get(name), other.get(name), f"{path}.{name}" if path else name)
    elif isinstance(record, list) and isinstance(other, list) and len(record) == len(other):
        for at, (one, counterpart) in enumerate(zip(record, other, strict=True)):
            yield from differing(one, counterpart, f"{path}[{at}]")
    else:
        yield both_sides(path, record, other)
