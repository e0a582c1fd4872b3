"""Handing the security trail to a syslog receiver, from where it stopped; nothing waits for it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from datetime import timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit

import structlog
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.evidence.journal import entry_of
from activities.evidence.trail import Trail
from activities.record.case_record import Clock, utc_now
from schemas.evidence.syslog import framed, message
from schemas.evidence.trail import TRAIL
from schemas.record import tables as t

BATCH: Final = 200
EVERY: Final = 5.0
"""Seconds between looks."""
SENDING_MAY_TAKE: Final = 20.0
ANSWER_MAY_TAKE: Final = 1.0
LOCK: Final = 0x7379736C6F67
"""The advisory lock of whoever forwards: "syslog" in ASCII."""
PORTS: Final = {"udp": 514, "tcp": 601, "tls": 6514}
"""By RFC 5426, RFC 6587 and RFC 5425."""


class Receiver(Protocol):
    """Where messages go."""

    async def send(self, messages: list[bytes]) -> None:
        """Hands them over, or raises ``OSError``."""
        ...


class Syslog:
    """A receiver by its address, ``udp://``, ``tcp://`` or ``tls://``; each batch has a connection of its own, closed in order."""

    def __init__(self, address: str, *, ca_file: str | None = None) -> None:
        parts = urlsplit(address)
        self._scheme, self._host = parts.scheme, parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._ca_file = ca_file

    async def send(self, messages: list[bytes]) -> None:
        """See :class:`Receiver`. By UDP nobody says whether anything arrived."""
        if self._scheme == "udp":
            await self._by_datagram(messages)
            return
        secure = (
            await asyncio.to_thread(ssl.create_default_context, cafile=self._ca_file) if self._scheme == "tls" else None
        )
        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=secure)
        try:
            writer.writelines([framed(each) for each in messages])
            await writer.drain()
            if writer.can_write_eof():
                # What was refused on the way comes back as an error within a moment; a receiver that says nothing has taken it.
                writer.write_eof()
                with suppress(TimeoutError):
                    async with asyncio.timeout(ANSWER_MAY_TAKE):
                        await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()

    async def _by_datagram(self, messages: list[bytes]) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(self._host, self._port)
        )
        try:
            for each in messages:
                transport.sendto(each)
        finally:
            transport.close()


class Forwarder:
    """Forwards the trail of one database to one receiver, known by ``target``."""

    def __init__(
        self, engine: AsyncEngine, receiver: Receiver, target: str, *, clock: Clock = utc_now, host: str | None = None
    ) -> None:
        self._engine = engine
        self._receiver = receiver
        self._target = target
        self._clock = clock
        self._host = host or socket.gethostname()

    async def forward(self) -> int:
        """Hands over what has come since the last time; gives how many. ``OSError`` where the receiver is away: then nothing is lost.

        A batch that was cut off is sent again: a receiver may get an entry twice, and knows it by its number.
        """
        sent = 0
        while True:
            async with self._engine.begin() as connection:
                mine = await connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK})
                if not mine.scalar_one():
                    return sent
                done, journal = t.trail_forwarded, t.journal
                query = select(done.c.number).where(done.c.target == self._target)
                last = (await connection.execute(query)).scalar_one_or_none() or 0
                rows = (
                    (
                        await connection.execute(
                            select(journal)
                            .where(journal.c.number > last, journal.c.kind.in_([kind.value for kind in TRAIL]))
                            .order_by(journal.c.number)
                            .limit(BATCH)
                        )
                    )
                    .mappings()
                    .all()
                )
                if not rows:
                    return sent
                messages = [message(entry_of(row), self._host, row["link"].hex()) for row in rows]
                async with asyncio.timeout(SENDING_MAY_TAKE):
                    await self._receiver.send(messages)
                place = {"target": self._target, "number": rows[-1]["number"], "at": self._clock()}
                statement = insert(done).values(place)
                moved = {"number": statement.excluded.number, "at": statement.excluded.at}
                await connection.execute(statement.on_conflict_do_update(index_elements=["target"], set_=moved))
            sent += len(rows)


async def keep_trail(trail: Trail, forwarder: Forwarder | None, *, every: float = EVERY) -> None:
    """Until it is cancelled: tells the journal what was counted, and forwards it."""
    log = structlog.get_logger()
    away_since = None
    while True:
        try:
            await trail.tell_what_was_counted()
            if forwarder is not None:
                await forwarder.forward()
            away_since = None
        except (OSError, TimeoutError, SQLAlchemyError) as error:
            now = utc_now()
            if away_since is None or now - away_since > timedelta(minutes=10):
                away_since = now
                log.warning("trail_not_forwarded", error=type(error).__name__)
        await asyncio.sleep(every)
