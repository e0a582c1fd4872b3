"""Altering a record as the owner of its database can, and looking at what a check then finds.

A clean record is written once. Its rows are kept in a schema of their own, from which every alteration starts anew; the store is copied.
"""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Boolean, DateTime, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.type_api import TypeEngine

from activities.evidence.archive import Archives
from activities.evidence.store import CheckpointStore
from activities.evidence.verify.chain.links import Link
from activities.evidence.verify.rows import EventRow
from activities.evidence.verify.verification import TrustAnchors, Verification
from schemas.evidence.chain import genesis
from schemas.evidence.finding import Finding
from schemas.record import tables as t
from tests.clean_record import RING, SIGNER, Cast, write
from tests.databases import as_owner


@dataclass
class Crime:
    """A copy of the record, to be altered by its owner."""

    connection: AsyncConnection
    store: Path
    cast: Cast

    async def do(self, statement: str, **values: Any) -> None:
        """A statement that must change something."""
        done = await self.connection.execute(text(statement), values)
        assert done.rowcount, statement

    async def rows(self, number: str) -> list[EventRow]:
        """The events of a case as they stand now."""
        columns = ", ".join("CAST(payload AS text)" if name == "payload" else name for name in EventRow._fields)
        query = text(f"SELECT {columns} FROM events WHERE case_number = :number ORDER BY seq")
        return [EventRow(*row) for row in (await self.connection.execute(query, {"number": number})).all()]

    async def relink(self, number: str, first: int = 1) -> None:
        """Recomputes the chain from an event on, as a forger with this very program would, and the head with it."""
        previous = genesis(number)
        for row in await self.rows(number):
            link = row.link
            if row.seq >= first:
                made = Link(row, from_json(row.payload)).after(previous)
                assert made is not None
                link = made
                await self.do(
                    "UPDATE events SET link = :link WHERE case_number = :number AND seq = :seq",
                    link=link,
                    number=number,
                    seq=row.seq,
                )
            previous = link
        await self.do("UPDATE cases SET link = :link WHERE case_number = :number", link=previous, number=number)

    def unlocked(self, path: str) -> Path:
        """A file of the store that may now be written."""
        file = self.store / path
        file.chmod(0o644)
        return file


Deed = Callable[[Crime], Awaitable[None]]
Told = Callable[[Cast], Sequence[tuple[Any, ...]]]
"""What must be found: code, case, seq, field; those left out at the end are not looked at."""


@dataclass(frozen=True)
class Alteration:
    """One kind of alteration: in words, how it is done, and what is found."""

    words: str
    deed: Deed
    found: Told

    def compare(self, findings: Sequence[Finding], cast: Cast) -> None:
        """Exactly what must be found."""
        expected = sorted(self.found(cast), key=str)
        lengths = {each[0]: len(each) for each in expected}
        told = [(each.code, each.case_number, each.seq, each.field) for each in findings]
        places = sorted((each[: lengths.get(each[0], 4)] for each in told), key=str)
        assert places == expected, "\n".join(each.en for each in findings)


@dataclass
class Kinds:
    """A list of alterations."""

    listed: list[Alteration] = field(default_factory=list[Alteration])

    @property
    def ids(self) -> list[str]:
        """As pytest names them."""
        return [each.words.replace(" ", "_") for each in self.listed]

    def alteration(self, words: str, found: Told) -> Callable[[Deed], Deed]:
        """Enters a deed into the list."""

        def enter(deed: Deed) -> Deed:
            self.listed.append(Alteration(words, deed, found))
            return deed

        return enter

    def sql(self, words: str, found: Told, *statements: str, relinked: tuple[str, int] | None = None) -> None:
        """A deed that is nothing but SQL; ``:sealed``, ``:open`` … stand for the cases. ``relinked``: of which case, from which event on, the
        chain is recomputed afterwards.
        """

        async def deed(crime: Crime) -> None:
            named = {name: value for name, value in vars(crime.cast).items() if isinstance(value, str)}
            for statement in statements:
                await crime.do(statement, **{name: value for name, value in named.items() if f":{name}" in statement})
            if relinked is not None:
                await crime.relink(named[relinked[0]], relinked[1])

        self.listed.append(Alteration(words, deed, found))


TABLES = [table.name for table in t.METADATA.sorted_tables if table.name not in ("calendar_versions", "calendar_days")]


@dataclass
class Tampered:
    """The record under attack."""

    engine: AsyncEngine
    store: Path
    cast: Cast

    @classmethod
    async def written(cls, engine: AsyncEngine, store: Path) -> Tampered:
        """Writes the clean record, and keeps its rows, and an older backup of them, aside."""

        async def backup() -> None:
            await _keep(engine, "backup")

        cast = await write(engine, store, backup)
        await _keep(engine, "clean")
        return cls(engine, store, cast)

    async def clean(self, folder: Path, *, backup: bool = False) -> None:
        """The record as it was written, its store in ``folder``."""
        shutil.copytree(self.store, folder, dirs_exist_ok=True)
        async with as_owner(self.engine) as connection:
            await _restore(connection, "backup" if backup else "clean")

    async def altered(self, deed: Deed, folder: Path) -> None:
        """The clean record, and then the deed."""
        await self.clean(folder)
        async with as_owner(self.engine) as connection:
            await deed(Crime(connection, folder, self.cast))

    async def verified(self, folder: Path, number: str | None = None, **outside: Any) -> list[Finding]:
        """What a check finds, of everything or of one case."""
        store = CheckpointStore.at(str(folder))
        held = TrustAnchors(store, [SIGNER.key], Archives(self.engine, RING), **outside)
        check = Verification(self.engine, held, clock=lambda: self.cast.now)
        findings = check.everything() if number is None else check.case(number)
        return [each async for each in findings]


async def _keep(engine: AsyncEngine, schema: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE SCHEMA {schema}"))
        for table in TABLES:
            await connection.execute(text(f"CREATE TABLE {schema}.{table} AS TABLE public.{table}"))


async def _restore(connection: AsyncConnection, schema: str) -> None:
    # DELETE, for TRUNCATE makes new files for a handful of rows.
    statements = [
        f"DELETE FROM {table}; INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {schema}.{table}"
        for table in TABLES
    ]
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None
    await raw.execute("; ".join(statements))


def changed(kind: TypeEngine[Any], name: str) -> str:
    """SQL for another value of a column of that type."""
    ways: dict[type[TypeEngine[Any]], str] = {
        DateTime: f"coalesce({name}, now()) - interval '1 hour'",
        LargeBinary: f"set_byte({name}, 3, 255 - get_byte({name}, 3))",
        JSONB: f"{name} || '{{\"x\": 1}}'",
        ARRAY: f"array_append({name}, 'x')",
        Boolean: f"NOT {name}",
        Text: f"coalesce({name}, '') || 'x'",
        Integer: f"{name} + 100",
    }
    return next(sql for each, sql in ways.items() if isinstance(kind, each))
