"""What an import would do, row by row, without doing it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.intake import content_hash, given_numbers
from activities.record.resemblance import Alike, Resemblances, most_alike
from gateway.importing.content import Contents
from gateway.importing.proposing import Proposals
from gateway.reading.careful import Hears
from gateway.workbook.message import DuplicateRow, Message, RefusedRow
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition.events import FiledContent
from schemas.proposals.similarity import bands, resemblance, signature

Outcome = Literal["accepted", "already_known", "refused"]


class LikelyDuplicates(BaseModel):
    """The numbers of cases, and rows of the same file before this one (``第 12 行``), the most alike first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: tuple[str, ...] = ()
    confidence: float = 0
    why: str = ""
    why_en: str = ""


class Line(BaseModel):
    """One row. ``why``: for one that would be refused or is known already, the reason. Without proposals for a row that could not be read.

    ``held``: it may complain of somebody of the organisation, by the words ``held_by``; it would be kept at ``held_at`` until that is decided.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: int
    message_id: str
    outcome: Outcome
    code: str = ""
    why: str = ""
    title: str = ""
    proposals: Proposals | None = None
    held: bool = False
    held_by: tuple[str, ...] = ()
    held_at: str = ""
    likely_duplicates: LikelyDuplicates = LikelyDuplicates()


async def preview(
    rows: Sequence[Message | RefusedRow | DuplicateRow],
    contents: Contents,
    propose: Callable[[str, str], Awaitable[Proposals]],
    hearing: Hears,
    database: AsyncEngine,
    viewer: Actor,
    may_be_told: Callable[[str], Awaitable[bool]],
) -> list[Line]:
    """Every row's line, as far as ``viewer`` may see the cases it is like, and ``may_be_told`` of the one that it is.

    Reads the database and writes nothing. Its errors are the database's own.
    """
    resemblances = Resemblances(database)
    ids = [row.message_id for row in rows if isinstance(row, Message)]
    given = await given_numbers(database, contents.source, ids)
    before = _RowsBefore()
    lines: list[Line] = []
    for row in rows:
        if isinstance(row, RefusedRow):
            lines.append(Line(row=row.row, message_id=row.message_id, outcome="refused", code=row.code, why=row.zh))
        elif isinstance(row, DuplicateRow):
            why = f"与第 {row.first_row} 行相同。"
            lines.append(Line(row=row.row, message_id=row.message_id, outcome="already_known", why=why))
        else:
            proposals = await propose(row.subject, row.text)
            try:
                content = await _heard(hearing, contents.of(row, proposals))
            except UserError as wrong:
                lines.append(
                    Line(row=row.row, message_id=row.message_id, outcome="refused", code=wrong.code, why=wrong.zh)
                )
                continue
            known = given.get(row.message_id)
            if known is not None and not await may_be_told(known[0]):
                known = None
            line = _judged(row, content, proposals, known)
            if line.outcome == "accepted":
                minima = signature(content.title, content.text)
                alike = most_alike([*await resemblances.likely(minima, viewer), *before.alike(minima, row.row)])
                line = line.model_copy(update={"likely_duplicates": _said(alike)})
            lines.append(line)
    return lines


async def _heard(hearing: Hears, content: FiledContent) -> FiledContent:
    return await hearing(lambda each: each.of_filing(content))


def _judged(row: Message, content: FiledContent, proposals: Proposals, known: tuple[str, bytes] | None) -> Line:
    outcome, code, why = "accepted", "", ""
    if known is not None:
        number, digest = known
        same = digest == content_hash(content)
        outcome, code = ("already_known", "") if same else ("refused", "source_event_conflict")
        why = f"已登记为 {number}" + ("。" if same else "，但内容不同。")
    accusation = content.accusation
    return Line(
        row=row.row,
        message_id=row.message_id,
        outcome=outcome,
        code=code,
        why=why,
        title=content.title,
        proposals=proposals,
        held=accusation is not None,
        held_by=accusation.words if accusation is not None else (),
        held_at=accusation.unit if accusation is not None else "",
    )


def _said(alike: Iterable[Alike]) -> LikelyDuplicates:
    found = list(alike)
    if not found:
        return LikelyDuplicates()
    first = found[0]
    return LikelyDuplicates(
        value=tuple(one.number for one in found),
        confidence=round(min(1.0, first.resemblance), 2),
        why=f"与 {first.number} 的用语相似（{first.resemblance:.0%}）。",
        why_en=f"Its wording is like that of {first.number} ({first.resemblance:.0%}).",
    )


class _RowsBefore:
    """The rows of the file already seen, by the bands of their signatures."""

    def __init__(self) -> None:
        self._rows: dict[int, list[int]] = defaultdict(list)
        self._minima: dict[int, tuple[int, ...]] = {}

    def alike(self, minima: tuple[int, ...], row: int) -> list[Alike]:
        keys = bands(minima)
        candidates = {other for key in keys for other in self._rows[key]}
        self._minima[row] = minima
        for key in keys:
            self._rows[key].append(row)
        return [Alike(f"第 {other} 行", resemblance(minima, self._minima[other])) for other in sorted(candidates)]
