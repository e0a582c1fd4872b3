"""Lists and boards over a million cases in the read model: how long the server takes, by what is asked and by whom.

The cases are generated in the database itself. A few lives are lived by the lifecycle (one for each stage a case can stand in); every case is one of
them, moved to a day of the past half year and to one of 200 stations, with words of its own. Rows, marks, words, the sums of the board and what each case
counts are thereby what the system itself writes; only the events behind them are left out, which no list and no board of today reads.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.access.scoped import scoped
from activities.record.case_record import utc_now
from activities.record.migrate import migrate, new_engine
from activities.record.queries import CaseQueries
from activities.record.reference import ReferenceStore
from activities.record.rows import case_row
from activities.record.seed import seed
from activities.settings import Settings
from gateway.doors import Door, open_door
from gateway.web.app import create_app
from gateway.web.viewer import Principal
from schemas.kernel.actor import Actor, Role
from schemas.kernel.calendar import seed_calendar
from schemas.kernel.refusal import Refusal
from schemas.organisation import Organisation
from schemas.organisation.tree import Person, Unit
from schemas.petition import commands as c
from schemas.petition.events import Event
from schemas.petition.measures import NEVER_SINCE, cells_of
from schemas.petition.measures.cells import WEEKLY
from schemas.petition.rules import decide, fold
from schemas.petition.state import Complexity
from tests.bench.path import OFFICE, OPERATOR, POLICY, actions, message
from tests.machine_fixtures import running_database
from workers.garbage import LOOKS_OF_A_DOOR, collect_seldom
from workers.machine.database import SETTINGS

BRANCHES, STATIONS = 10, 20
DAYS = 180
START = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""When the lives that all cases are made after were received: a Monday."""
SHARES = (0.02, 0.06, 0.07, 0.10, 0.05, 0.03, 0.67)
"""Of the cases, by how far they have come: filed, approved, assigned, accepted, replied, revisited, sealed. A third is open."""

RARE, COMMON = "铜雀台", "路灯"

_TITLES = (
    "路灯不亮",
    "楼道堆物",
    "占道经营",
    "噪声扰民",
    "井盖松动",
    "道路积水",
    "停车难",
    "垃圾清运",
    "电动车进楼",
    "围挡占路",
)
_PLACES = ("东门", "南街", "西巷", "北路", "和平里", "建设村", "新华园", "江滨", "河西", "车站")
_WORDS = (
    "希望尽快",
    "多次反映",
    "影响出行",
    "无人处理",
    "请予答复",
    "存在隐患",
    "邻里不和",
    "夜间施工",
    "老人不便",
    "学生安全",
)


def lives(start: datetime) -> list[list[Event]]:
    """Lives of a case received at ``start``, each further than the one before; the last is sealed."""
    calendar = seed_calendar()
    figures = POLICY.figures("claim", "complex")
    filing = c.File(number="XA-2026-C-000000", content=message(Complexity.COMPLEX), policy=figures, calendar=calendar)
    orders: list[tuple[Actor, c.Command]] = [(OPERATOR, filing), *actions(Complexity.COMPLEX)]
    done: list[Event] = []
    made: list[list[Event]] = []
    for step, (actor, command) in enumerate(orders):
        events = decide(fold(done), c.Order(actor=actor, command=command), start + timedelta(hours=step))
        if isinstance(events, Refusal):
            raise TypeError(events.en)
        done = [*done, *events]
        made.append(done)
    return [*made[:-2], made[-1]]


def organisation() -> Organisation:
    """A city of ten branches with twenty stations each."""
    units = [Unit(path="XA", name="市局", kind="bureau"), Unit(path="XA/xf", name="信访处", kind="department")]
    people = [
        Person(id="chief", name="局长", role=Role.CHIEF, unit="XA"),
        Person(id="operator", name="受理员", role=Role.OPERATOR, unit="XA/xf"),
    ]
    for branch in range(BRANCHES):
        path = f"XA/B{branch:02d}"
        units.append(Unit(path=path, name=f"分局{branch}", kind="branch"))
        people.append(Person(id=f"chief-{branch}", name="分局长", role=Role.CHIEF, unit=path))
        for station in range(STATIONS):
            below = f"{path}/{station:02d}"
            units.append(Unit(path=below, name=f"派出所{branch}-{station}", kind="station"))
            people.append(Person(id=f"chief-{branch}-{station}", name="所长", role=Role.CHIEF, unit=below))
    return Organisation(version=1, city_code="XA", units=tuple(units), people=tuple(people))


_GIVEN = text(
    "CREATE TABLE given AS SELECT n, 'XA-2026-C-' || lpad(n::text, 9, '0') AS number,"
    " 'XA/B' || lpad((n % :branches)::text, 2, '0') AS branch,"
    " lpad(((n / :branches) % :stations)::text, 2, '0') AS station,"
    " (ARRAY['suggestion', 'claim', 'claim', 'complaint'])[1 + (n / 211) % 4] AS ledger,"
    " (SELECT min(k) FROM generate_subscripts(CAST(:bounds AS float[]), 1) k WHERE (((n::bigint * 48271) % 100003) / 100003.0) < (CAST(:bounds AS float[]))[k]) - 1 AS life,"
    " CAST(:now AS timestamptz) - ((n::bigint * 65537) % (:days * 86400)) * interval '1 second' AS received_at"
    " FROM generate_series(1, :cases) AS n"
)

_CASES = text(
    "INSERT INTO cases SELECT made.* FROM given JOIN lived ON lived.life = given.life,"
    " LATERAL (SELECT branch || '/' || station AS unit, received_at - lived.start AS moved) AS place,"
    " LATERAL jsonb_populate_record(CAST(NULL AS cases), lived.row || jsonb_build_object("
    "'case_number', number, 'ledger', ledger, 'unit', unit, 'registrar', 'XA/xf', 'accountable', branch,"
    " 'lead', CASE lived.row ->> 'lead' WHEN '' THEN '' ELSE unit END,"
    " 'owner', CASE lived.row ->> 'owner' WHEN :office THEN unit WHEN 'XA/A3' THEN branch ELSE 'XA/xf' END,"
    " 'title', (CAST(:titles AS text[]))[1 + n % 10] || (CAST(:places AS text[]))[1 + (n / 10) % 10],"
    " 'text', (CAST(:places AS text[]))[1 + (n / 7) % 10] || '居民' || (n % 9973) || '号来信，' || (CAST(:words AS text[]))[1 + n % 10]"
    " || '，' || (CAST(:titles AS text[]))[1 + (n / 3) % 10] || '，' || (CAST(:words AS text[]))[1 + (n / 13) % 10]"
    " || CASE WHEN n % 50000 = 17 THEN :rare ELSE '' END,"
    " 'received_at', received_at, 'submitted_at', received_at, 'due', (lived.row ->> 'due')::timestamptz + moved,"
    " 'card', CASE WHEN n % 40 = 0 THEN 'yellow' ELSE '' END,"
    " 'sealed_at', (lived.row ->> 'sealed_at')::timestamptz + moved, 'updated_at', received_at,"
    " 'state', (lived.row -> 'state') || jsonb_build_object('number', number, 'ledger', ledger, 'unit', unit, 'registrar', 'XA/xf', 'accountable', branch)"
    " || CASE WHEN lived.row ->> 'lead' = '' THEN '{}' ELSE jsonb_build_object('lead', unit) END,"
    " 'seen_by', to_jsonb(ARRAY['every', 'reach:XA', 'reach:XA/xf', 'reach:' || branch, 'reach:' || unit, 'office:' || unit]),"
    " 'kept_from', CASE WHEN n % 100 = 3 THEN to_jsonb(ARRAY['unit:' || unit]) ELSE '[]' END)) AS made"
    " WHERE n > :after AND n <= :through"
)

_INTAKE = text(
    "INSERT INTO intake SELECT 'bench', 'event-' || n, '\\x00', number, 'CODE' || n, received_at, received_at FROM given"
)

_INDEXES = text(
    "SELECT indexname AS name, indexdef AS definition FROM pg_indexes"
    " WHERE tablename IN ('cases', 'case_words', 'intake', 'board_cells', 'case_counts') AND indexname LIKE 'ix_%'"
)
"""What is made after the rows, which is faster than row by row."""

_SPLIT = text("INSERT INTO case_words SELECT case_number, received_at, pairs_of(title || E'\\n' || text) FROM cases")

_KEPT = text(
    "INSERT INTO case_measures SELECT case_number, seq, CASE lead WHEN '' THEN unit ELSE lead END, ledger, '[]' FROM cases"
)

_DAY = "date_trunc('day', {column}, 'Asia/Shanghai') + {days} * interval '1 day'"

_SUMS = text(
    "INSERT INTO board_cells (unit, ledger, what, since, below, own)"
    " SELECT at.unit, counted.ledger, cell.what, CASE WHEN cell.since IS NULL THEN :never"
    f" WHEN cell.what = ANY(:weekly) THEN date_trunc('week', {_DAY.format(column='counted.day', days='cell.since')}, 'Asia/Shanghai')"
    f" ELSE {_DAY.format(column='counted.day', days='cell.since')} END AS instant,"
    " sum(cell.count * counted.cases), sum(CASE WHEN at.own THEN cell.count * counted.cases ELSE 0 END)"
    " FROM (SELECT branch, station, ledger, life, date_trunc('day', received_at, 'Asia/Shanghai') AS day, count(*) AS cases"
    " FROM given GROUP BY 1, 2, 3, 4, 5) AS counted"
    " JOIN cells AS cell ON cell.life = counted.life,"
    " LATERAL (VALUES ('XA', false), (branch, false), (branch || '/' || station, true)) AS at(unit, own)"
    " GROUP BY 1, 2, 3, 4"
)

WAYS = 20
"""Different counts made of each life's (by one that nothing asks for): a few lives count alike, where a million real ones count in hundreds of ways."""

_PROFILES = text(
    "INSERT INTO count_profiles (ledger, counts) SELECT DISTINCT given.ledger, phases.counts || jsonb_build_object('way', way)"
    f" FROM phases CROSS JOIN generate_series(0, {WAYS} - 1) AS way CROSS JOIN (SELECT DISTINCT ledger FROM given) AS given"
)

_COUNTS = text(
    "INSERT INTO case_counts (case_number, since, until, profile, unit, received_at, owed_since)"
    f" SELECT number, CASE WHEN phases.since IS NULL THEN :never ELSE {_DAY.format(column='received_at', days='phases.since')} END,"
    f" CASE WHEN phases.until IS NULL THEN 'infinity' ELSE {_DAY.format(column='received_at', days='phases.until')} END,"
    f" profile.id, branch || '/' || station, received_at, {_DAY.format(column='received_at', days='phases.owed')}"
    f" FROM given JOIN phases ON phases.life = given.life JOIN count_profiles profile ON profile.ledger = given.ledger AND profile.counts = phases.counts || jsonb_build_object('way', n % {WAYS})"
    f" WHERE phases.until IS NULL OR {_DAY.format(column='received_at', days='phases.until')} >= :now"
)


async def count(connection: AsyncConnection, now: datetime) -> None:
    """Fills what the board is read from, for the cases given."""
    await connection.execute(text("CREATE TABLE cells (life integer, what text, since integer, count integer)"))
    await connection.execute(
        text("CREATE TABLE phases (life integer, since integer, until integer, owed integer, counts jsonb)")
    )
    for life, events in enumerate(lives(START)):
        counted = cells_of(events, seed_calendar())
        if counted is None:
            raise TypeError("a life without a case")
        for (what, since), number in counted.cells.items():
            await connection.execute(
                text("INSERT INTO cells VALUES (:life, :what, :since, :count)"),
                {"life": life, "what": what, "since": _days(since), "count": number},
            )
        for phase in counted.phases:
            row = {"life": life, "since": _days(phase.since), "until": _days(phase.until)}
            row |= {"owed": _days(phase.owed_since), "counts": json.dumps(dict(phase.counts))}
            await connection.execute(
                text("INSERT INTO phases VALUES (:life, :since, :until, :owed, CAST(:counts AS jsonb))"), row
            )
    await connection.execute(_KEPT)
    await connection.execute(_SUMS, {"never": NEVER_SINCE, "weekly": list(WEEKLY)})
    await connection.execute(_PROFILES)
    await connection.execute(_COUNTS, {"never": NEVER_SINCE, "now": now})


def _days(moment: datetime | None) -> int | None:
    """Days after the day of receipt, at whose beginning it lies; None for always and for never."""
    return None if moment is None or moment == NEVER_SINCE else (moment - START).days + 1


async def generate(connection: AsyncConnection, cases: int, now: datetime) -> None:
    """Fills an empty record."""
    made = lives(START)
    bounds = [sum(SHARES[: place + 1]) for place in range(len(SHARES))]
    bounds[-1] = 1.1
    figures = {
        "cases": cases,
        "now": now,
        "days": DAYS,
        "branches": BRANCHES,
        "stations": STATIONS,
        "bounds": bounds,
    }
    await connection.execute(_GIVEN, figures)
    await connection.execute(text("CREATE TABLE lived (life integer, start timestamptz, row jsonb)"))
    for life, events in enumerate(made):
        state = fold(events)
        if state is None:
            raise TypeError("a life without a case")
        row = case_row(state, events, START) | {"link": "\\x00"}
        row |= {name: value.isoformat() for name, value in row.items() if isinstance(value, datetime)}
        await connection.execute(
            text("INSERT INTO lived VALUES (:life, :start, CAST(:row AS jsonb))"),
            {"life": life, "start": START, "row": json.dumps(row)},
        )
    indexes = (await connection.execute(_INDEXES)).all()
    for index in indexes:
        await connection.execute(text(f"DROP INDEX {index.name}"))
    await connection.execute(text("ALTER TABLE cases DISABLE TRIGGER cases_words"))
    words = {"titles": list(_TITLES), "places": list(_PLACES), "words": list(_WORDS), "rare": RARE, "office": OFFICE}
    for after in range(0, cases, STEP):
        await connection.execute(_CASES, words | {"after": after, "through": after + STEP})
    await connection.execute(text("ALTER TABLE cases ENABLE TRIGGER cases_words"))
    await connection.execute(_INTAKE)
    await connection.execute(_SPLIT)
    await count(connection, now)
    await connection.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
    for index in indexes:
        await connection.execute(text(index.definition))


STEP = 50_000
"""Cases of one statement."""


class _Named:
    """The caller is whom the header names, and reads as the product lets them read: under row-level security."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def viewer(self, request: Request) -> Principal | None:
        person = request.headers["x-person"]
        return Principal(await self._door.actor(person), person)

    def queries(self, actor: Actor) -> CaseQueries:
        return CaseQueries(scoped(self._door.system.database, actor))


LISTS: dict[str, tuple[str, dict[str, Any]]] = {
    "newest": ("operator", {}),
    "most urgent": ("operator", {"order": "due"}),
    "overdue of a branch": ("operator", {"order": "due", "overdue": True, "unit": "XA/B03"}),
    "one stage of one ledger": ("operator", {"stage": "revisit", "ledger": "complaint"}),
    "a station": ("operator", {"unit": "XA/B03/07"}),
    "led by a station, open": ("operator", {"lead": "XA/B03/07", "open": True}),
    "with a card": ("operator", {"card": "yellow"}),
    "a common word": ("operator", {"text": COMMON}),
    "a rare word": ("operator", {"text": RARE}),
    "no such word": ("operator", {"text": "麒麟阁凤凰"}),
    "a word, most urgent": ("operator", {"text": COMMON, "order": "due"}),
    "a word within a station": ("operator", {"text": COMMON, "unit": "XA/B03/07"}),
    "one letter": ("operator", {"text": "灯"}),
    "of a sender's id": ("operator", {"message": "event-4711"}),
    "newest, for a branch": ("chief-3", {}),
    "a rare word, for a branch": ("chief-3", {"text": RARE}),
    "newest, for a station": ("chief-3-7", {}),
    "a word, for a station": ("chief-3-7", {"text": COMMON}),
}

BOARDS = {
    "board of the city": ("operator", "XA"),
    "board of a branch": ("chief-3", ""),
    "board of a station": ("chief-3-7", ""),
}

_VIEWERS = {"city": "operator", "a branch": "chief-3", "a station": "chief-3-7"}

DRILLS: dict[str, tuple[str, dict[str, Any]]] = {
    f"cases behind {number}, {whose}": (person, {"of": number})
    for number in (
        "received",
        "open",
        "rate.response.miss",
        "rate.satisfaction.hit",
        "owed",
        "owed.1",
        "owed.5",
        "card.red",
    )
    for whose, person in _VIEWERS.items()
} | {"cases behind owed.4 of a station alone, city": ("operator", {"of": "owed.4", "at": "XA/B03/07"})}

PAGES = {f"page of the board, {whose}": (person, "/board") for whose, person in _VIEWERS.items()} | {
    f"page of the cases behind open, {whose}": (person, "/board/cases?of=open") for whose, person in _VIEWERS.items()
}


@asynccontextmanager
async def _client(dsn: str, home: Path) -> AsyncGenerator[httpx.AsyncClient]:
    key = base64.b64encode(os.urandom(32)).decode()
    environment = {
        "SANZHANG_DATA_DIR": str(home),
        "SANZHANG_DATABASE_DSN": dsn,
        # Lists and boards ask nothing of the engine, so none is there.
        "SANZHANG_TEMPORAL": "127.0.0.1:1",
        "SANZHANG_KEYS": f"k1:{key}",
    }
    settings = Settings.from_environment(environment)

    @asynccontextmanager
    async def opening() -> AsyncGenerator[tuple[Door, _Named]]:
        async with open_door(settings, environment, pool_size=10) as door:
            # As the gateway's own process does.
            collect_seldom(LOOKS_OF_A_DOOR)
            yield door, _Named(door)

    app = create_app(opening, settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost", timeout=300) as client,
    ):
        yield client


async def measure(home: Path, cases: int, calls: int = 100) -> dict[str, Any]:
    """Milliseconds of the server by what is asked; one call at a time."""
    with running_database(home / "database", SETTINGS) as database:
        await migrate(database.dsn)
        await seed(database.dsn)
        engine = new_engine(database.dsn, pool_size=1)
        begun = time.perf_counter()
        await ReferenceStore(engine).add_organisation(organisation())
        async with engine.begin() as connection:
            await generate(connection, cases, utc_now())
        async with engine.connect() as connection:
            plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await plain.execute(text("VACUUM ANALYZE"))
            size = (await plain.execute(text("SELECT pg_database_size(current_database())"))).scalar_one()
        await engine.dispose()
        made = time.perf_counter() - begun
        first, taken = await ask(database.dsn, home, calls)
    return {
        "cases": cases,
        "gigabytes": round(size / 1e9, 2),
        "generated_in_s": round(made),
        "first_board_ms": first["first"],
        "calls": taken,
    }


async def ask(dsn: str, home: Path, calls: int) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """The first look of a process, and every question ``calls`` times."""
    taken: dict[str, dict[str, float]] = {}
    async with _client(dsn, home) as client:
        # The first look of a process compares every case with its sums.
        first = await _timed(client, "/api/v1/board", "operator", {}, 0)
        for name, (person, query) in LISTS.items():
            taken[name] = await _timed(client, "/api/v1/petitions", person, {"limit": 50} | query, calls)
        for name, (person, unit) in BOARDS.items():
            taken[name] = await _timed(client, "/api/v1/board", person, {"unit": unit} if unit else {}, calls)
        for name, (person, query) in DRILLS.items():
            taken[name] = await _timed(client, "/api/v1/board/cases", person, query, calls)
        for name, (person, path) in PAGES.items():
            taken[name] = await _timed(client, path, person, {}, calls)
    return first, taken


async def _timed(
    client: httpx.AsyncClient, path: str, person: str, query: dict[str, Any], calls: int
) -> dict[str, float]:
    taken: list[float] = []
    spent: list[float] = []
    size = 0
    for _ in range(calls + 3 if calls else 1):
        begun, cpu = time.perf_counter(), time.process_time()
        answer = await client.get(path, params=query or None, headers={"X-Person": person})
        taken.append((time.perf_counter() - begun) * 1000)
        spent.append((time.process_time() - cpu) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} {query}: {answer.text[:500]}")
        if answer.headers["content-type"].startswith("application/json"):
            size = len(answer.json().get("cases", ()))
    first, ordered = taken[0], sorted(taken[3:] or taken)
    return {
        "hits": size,
        "first": round(first, 1),
        # Of the gateway and its client, which share a process here; the database has its own.
        "cpu": round(sum(spent[3:] or spent) / len(spent[3:] or spent), 1),
        **{
            name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)
            for name, share in (("p50", 0.5), ("p99", 0.99))
        },
    }
