"""Reading the record: lists, one case, its history. Nothing here writes, and personal data leaves only as its masks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, or_, select, text, tuple_, union
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.record.case_record import Clock, recorded, utc_now
from activities.record.views import (
    CaseFilter,
    CaseLine,
    CasePage,
    CaseView,
    PetitionerView,
    RunningTerm,
    cursor_after,
    cursor_place,
)
from schemas.access import eyes
from schemas.evidence.chain import Recorded
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition.state import Petition
from schemas.record import tables as t
from schemas.sealing.personal import SealedPersonal, end_hidden

_LINE = (
    "stage",
    "ledger",
    "complexity",
    "channel",
    "category",
    "confidential",
    "title",
    "unit",
    "accountable",
    "lead",
    "owner",
    "received_at",
    "submitted_at",
    "due",
    "due_clock",
    "due_provisional",
    "card",
    "round",
    "merged_into",
    "ground",
    "sealed_at",
)

StillFound = Callable[[Sequence[str]], Awaitable[Collection[str]]]

MOST_LEFT_OUT = 2_000
"""Found cases that are left out of a list before what there is of it is shown."""

STEP = 200
"""Cases fetched at once where the whole record is gone through."""


class CaseQueries:
    """Reads one database. Errors other than ``UserError`` are the database's own."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    @property
    def engine(self) -> AsyncEngine:
        """Where it reads, for readings that have a module of their own."""
        return self._engine

    async def list(
        self, wanted: CaseFilter, viewer: Actor | None = None, *, still_found: StillFound | None = None
    ) -> CasePage:
        """A page of the cases wanted; for a ``viewer`` only those the viewer may see (the accused never does).

        ``still_found`` says which of several found cases are to be listed. Where it leaves out very many, the page may have fewer cases than
        asked for and still a cursor.
        """
        lines: list[CaseLine] = []
        place = cursor_place(wanted.cursor) if wanted.cursor else None
        step = wanted.limit + 1
        search = _Search(wanted, viewer)
        own = eyes(viewer) if viewer is not None else None
        left_out = 0
        async with self._engine.connect() as connection:
            while True:
                within = await search.next(connection, place)
                if search.in_order:
                    await connection.execute(_IN_ORDER)
                query = page_query(wanted, self._clock(), place, step, with_marks=viewer is not None, within=within)
                rows = (await connection.execute(query)).mappings().all()
                found = [row for row in rows if own is None or own.meet(row["seen_by"], row["kept_from"])]
                if still_found is not None and found:
                    listed = await still_found([row["case_number"] for row in found])
                    left_out += len(found) - len(listed)
                    found = [row for row in found if row["case_number"] in listed]
                for row in found:
                    if len(lines) == wanted.limit:
                        return CasePage(cases=tuple(lines), cursor=cursor_after(*_place(wanted, lines[-1])))
                    lines.append(case_line(row))
                if len(rows) == step and left_out > MOST_LEFT_OUT:
                    return CasePage(cases=tuple(lines), cursor=cursor_after(*_place(wanted, case_line(rows[-1]))))
                if len(rows) == step:
                    place = _place(wanted, case_line(rows[-1]))
                    # Where most of a step is not for this viewer, the next one is longer.
                    step = min(step * 2, STEP)
                elif search.place is None:
                    return CasePage(cases=tuple(lines))
                else:
                    place = search.place

    async def texts(self, numbers: Collection[str]) -> dict[str, str]:
        """What these cases say, title and text, by number."""
        cases = t.cases
        query = select(cases.c.case_number, cases.c.title, cases.c.text).where(cases.c.case_number.in_(numbers))
        async with self._engine.connect() as connection:
            return {row.case_number: f"{row.title}\n{row.text}" for row in await connection.execute(query)}

    async def number(self, named: str) -> str:
        """The case number a person types. ``UserError`` ``case_unknown``."""
        said = named.strip().upper()
        query = select(t.cases.c.case_number).where(t.cases.c.case_number == said)
        async with self._engine.connect() as connection:
            found = (await connection.execute(query)).scalar_one_or_none()
        if found is None:
            raise case_unknown(named)
        return found

    async def case(self, number: str) -> CaseView:
        """One case. ``UserError`` ``case_unknown``."""
        cases, intake, petitioners = t.cases, t.intake, t.petitioners
        query = (
            select(cases, intake.c.source, intake.c.source_event_id)
            .outerjoin_from(cases, intake, intake.c.case_number == cases.c.case_number)
            .where(cases.c.case_number == number)
        )
        people = select(petitioners).where(petitioners.c.case_number == number).order_by(petitioners.c.position)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            rows = (await connection.execute(people)).mappings().all()
        if row is None:
            raise case_unknown(number)
        return CaseView(
            state=Petition.model_validate(row["state"]),
            title=row["title"],
            text=row["text"],
            submitted_at=row["submitted_at"],
            updated_at=row["updated_at"],
            source=row["source"] or "",
            source_event_id=row["source_event_id"] or "",
            petitioners=tuple(_masked(person) for person in rows),
        )

    async def histories(self, *, until: datetime | None = None) -> AsyncGenerator[list[Recorded]]:
        """The events of every case up to ``until`` (all of them without it), case by case, in the order of their numbers.

        A case filed later does not appear. ``until`` speaks of the instant an event counts from.
        """
        events = t.events
        after = ""
        while True:
            numbers = (
                select(t.cases.c.case_number).where(t.cases.c.case_number > after).order_by(t.cases.c.case_number)
            ).limit(STEP)
            async with self._engine.connect() as connection:
                page = (await connection.execute(numbers)).scalars().all()
                query = (
                    select(events).where(events.c.case_number.in_(page)).order_by(events.c.case_number, events.c.seq)
                )
                if until is not None:
                    query = query.where(events.c.at <= until)
                rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
            gathered: dict[str, list[Recorded]] = {}
            for row in rows:
                gathered.setdefault(row["case_number"], []).append(recorded(row))
            for history in gathered.values():
                yield history
            if len(page) < STEP:
                return
            after = page[-1]

    async def units_at_work(self) -> dict[str, int]:
        """The units that open cases name, each with how many."""
        cases = t.cases
        named = union(
            *(
                select(cases.c.case_number, cases.c[name].label("unit")).where(cases.c.sealed_at.is_(None))
                for name in ("unit", "registrar", "accountable", "lead", "owner")
            )
        ).subquery("named")
        query = select(named.c.unit, func.count()).where(named.c.unit != "").group_by(named.c.unit)
        async with self._engine.connect() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def leaning_before(self, version: int, *, after: str = "") -> list[RunningTerm]:
        """Open cases that still count by a calendar older than ``version``: the next ``STEP`` after the case ``after``, by their numbers."""
        cases = t.cases
        query = (
            select(cases.c.case_number, cases.c.state)
            .where(cases.c.sealed_at.is_(None), cases.c.calendar_version < version, cases.c.case_number > after)
            .order_by(cases.c.case_number)
            .limit(STEP)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [RunningTerm(number=row["case_number"], state=Petition.model_validate(row["state"])) for row in rows]

    async def count_before(self, version: int) -> int:
        """How many open cases still count by a calendar older than ``version``."""
        cases = t.cases
        query = (
            select(func.count())
            .select_from(cases)
            .where(cases.c.sealed_at.is_(None), cases.c.calendar_version < version)
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one()


def page_query(
    wanted: CaseFilter,
    now: datetime,
    place: tuple[datetime, str] | None = None,
    limit: int = STEP,
    *,
    with_marks: bool = False,
    within: Sequence[str] | None = None,
) -> Select[Any]:
    """The statement behind a page of a list; ``within``: of these cases only."""
    cases, intake = t.cases, t.intake
    columns = [cases.c.case_number, *(cases.c[name] for name in _LINE), intake.c.source, intake.c.source_event_id]
    if with_marks:
        columns += [cases.c.seen_by, cases.c.kept_from]
    query = (
        select(*columns)
        .outerjoin_from(cases, intake, intake.c.case_number == cases.c.case_number)
        .where(*_conditions(wanted, now))
    )
    if within is not None:
        query = query.where(cases.c.case_number == func.any(within))
    return _ordered(query, wanted, place).limit(limit)


class _Search:
    """The cases in whose texts the words asked for may stand, found by the pairs of their characters, the newest first.

    Only where that is the shortest way: a word so common that it is in every other case is found by looking at those in order, and the few
    cases of a station, or of a sender, are looked at one by one.
    """

    def __init__(self, wanted: CaseFilter, viewer: Actor | None) -> None:
        narrow = wanted.message or wanted.person or wanted.lead or wanted.owner or wanted.unit.count("/") >= STATION
        few = viewer is not None and viewer.reach.count("/") >= STATION
        words = [word for word in wanted.text.split() if len(word) > 1]
        self._asked = "\n".join(words) if words and not narrow and not few else ""
        self._by_due = wanted.order == "due"
        self._left = SEARCHES
        self.in_order = bool(wanted.unit) and not narrow
        self.place: tuple[datetime, str] | None = None

    async def next(self, connection: AsyncConnection, place: tuple[datetime, str] | None) -> Sequence[str] | None:
        """The next cases to look at, from ``place`` on, or None for all of them; ``self.place`` is where the search goes on, None at its end."""
        self.place = None
        if not self._asked or not self._left:
            return None
        if self._left == SEARCHES:
            expected = (await connection.execute(_EXPECTED, {"asked": self._asked})).scalar_one()
            if expected is None or expected > COMMON:
                self._left, self.in_order = 0, True
                return None
        self._left -= 1
        before, number = (LAST, "") if place is None or self._by_due else place
        asked = {"asked": self._asked, "before": before, "number": number, "most": FOUND_AT_ONCE}
        found = (await connection.execute(_FOUND, asked)).all()
        if len(found) == FOUND_AT_ONCE:
            if self._by_due:
                # Not rare after all: the most urgent with it are soon met.
                self._left, self.in_order = 0, True
                return None
            self.place = found[-1].received_at, found[-1].case_number
        return [row.case_number for row in found]


LAST = datetime(9999, 1, 1, tzinfo=UTC)
STATION = 2
"""Slashes in the path of a station."""
COMMON = 5_000
"""Cases with a word from which on a page of them is sooner met by looking at the cases in order."""
FOUND_AT_ONCE = 1_000
SEARCHES = 4
"""After so many steps with too few hits something else is rare: then the cases are looked at in order."""

_IN_ORDER = text("SELECT set_config('enable_sort', 'off', true)")
"""For this transaction: cases are looked at in the order of the list until a page is full. The planner takes what is asked for to be so rare that it
would rather gather all of it and sort; it knows neither that the units of a branch are many nor how common a word is."""

_PAIRS = (
    # The pairs of each word, not across words: a word that is asked for stands in one piece.
    "(SELECT array_agg(pair) FROM (SELECT DISTINCT unnest(pairs_of(word)) AS pair"
    " FROM regexp_split_to_table(:asked, E'\\n') AS word) AS pairs)"
)
_EXPECTED = text(f"SELECT cases_expected({_PAIRS})")
_FOUND = text(f"SELECT case_number, received_at FROM cases_with({_PAIRS}, :before, :number, :most)")  # noqa: S608


def below(column: Any, unit: str) -> ColumnElement[bool]:
    """Whether a column of paths names ``unit`` or one below it; in a form its ``text_pattern_ops`` index serves."""
    # "0" is the character after "/", so these bounds hold exactly the paths that begin with the unit's and a slash.
    return or_(column == unit, and_(column.op("~>=~")(f"{unit}/"), column.op("~<~")(f"{unit}0")))


def _conditions(wanted: CaseFilter, now: datetime) -> list[ColumnElement[bool]]:
    cases = t.cases
    given: list[ColumnElement[bool]] = [
        below(cases.c[name], unit) for name in ("unit", "lead", "owner") if (unit := getattr(wanted, name))
    ]
    same = {"ledger": wanted.ledger, "channel": wanted.channel, "card": wanted.card}
    given += [cases.c[name] == value for name, value in same.items() if value]
    if wanted.stages:
        given.append(cases.c.stage.in_(wanted.stages))
    if wanted.open is not None:
        given.append(cases.c.sealed_at.is_(None) if wanted.open else cases.c.sealed_at.is_not(None))
    if wanted.overdue or wanted.due_before is not None:
        given += [cases.c.sealed_at.is_(None), cases.c.due < (wanted.due_before or now)]
    if wanted.overdue and wanted.due_before is not None:
        given.append(cases.c.due < now)
    if wanted.received_from is not None:
        given.append(cases.c.received_at >= wanted.received_from)
    if wanted.received_before is not None:
        given.append(cases.c.received_at < wanted.received_before)
    if wanted.person:
        given.append(cases.c.persons.contains([wanted.person]))
    if wanted.message:
        given.append(t.intake.c.source_event_id == wanted.message)
    given += [
        or_(cases.c.title.icontains(word, autoescape=True), cases.c.text.icontains(word, autoescape=True))
        for word in wanted.text.split()
    ]
    return given


def _ordered(query: Select[Any], wanted: CaseFilter, place: tuple[datetime, str] | None) -> Select[Any]:
    cases = t.cases
    if wanted.order == "due":
        query = query.where(cases.c.sealed_at.is_(None), cases.c.due.is_not(None))
        if place is not None:
            query = query.where(tuple_(cases.c.due, cases.c.case_number) > tuple_(*place))
        return query.order_by(cases.c.due, cases.c.case_number)
    if place is not None:
        query = query.where(tuple_(cases.c.received_at, cases.c.case_number) < tuple_(*place))
    return query.order_by(cases.c.received_at.desc(), cases.c.case_number.desc())


def _place(wanted: CaseFilter, line: CaseLine) -> tuple[datetime, str]:
    moment = line.due if wanted.order == "due" and line.due is not None else line.received_at
    return moment, line.number


def case_line(row: RowMapping) -> CaseLine:
    """The line of a row of :func:`page_query`."""
    facts = {name: row[name] for name in _LINE}
    return CaseLine(
        number=row["case_number"],
        source=row["source"] or "",
        source_event_id=row["source_event_id"] or "",
        **facts,
    )


def _masked(row: RowMapping) -> PetitionerView:
    sealed = SealedPersonal.model_validate(row["sealed"]) if row["sealed"] else None
    view = PetitionerView(alias=row["alias"], representative=row["representative"])
    if sealed is None:
        return view
    return view.model_copy(
        update={
            "name": sealed.masked_name,
            "phone": end_hidden(sealed.masked_phone),
            "id_number": end_hidden(sealed.masked_id),
            "address": sealed.masked_address,
        }
    )


def case_unknown(named: str) -> UserError:
    """There is no such case."""
    return UserError(
        "case_unknown",
        zh=f"没有编号为 {named} 的件，请核对编号（sanzhang case list 可查）。",
        en=f"There is no case {named}; check the number (sanzhang case list shows them).",
        number=named,
    )
