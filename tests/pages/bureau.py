"""A bureau whose books are filled from the real workbooks, as an import files them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from gateway.doors import Door
from gateway.importing.content import Contents, default_source
from gateway.importing.proposing import Proposer, load_taxonomy
from gateway.workbook.message import Message
from gateway.workbook.reading import read_workbook
from schemas.kernel.actor import Actor, Role

WORKBOOKS = ("留言与答复.xlsx", "留言.xlsx")
OLD = 2
"""Messages of the first workbook that are filed with the time they bear themselves: long overdue."""


async def file_workbooks(door: Door, folder: Path, each: int) -> list[str]:
    """Files the first ``each`` messages of both workbooks; the numbers, in the order of the rows."""
    numbers: list[str] = []
    for name in WORKBOOKS:
        numbers += await _file(door, folder / name, each)
    return numbers


async def _file(door: Door, file: Path, most: int) -> list[str]:
    workbook = await asyncio.to_thread(lambda: read_workbook(file, now=datetime.now(UTC)))
    organisation, rules = await door.organisation(), await door.rules()
    proposer = Proposer(organisation, load_taxonomy(None))
    contents = Contents(door.system.keyring, default_source(workbook), rules.policy.channels, "import")
    upstream = Actor(id="import", role=Role.UPSTREAM, unit=organisation.city_code)
    gate = asyncio.Semaphore(8)

    async def file_one(place: int, message: Message) -> str:
        async with gate:
            content = contents.of(message, proposer.propose(message.subject, message.text))
            received = message.submitted_at if place < OLD and file.name == WORKBOOKS[0] else None
            return (await door.desk.file(upstream, content, received_at=received)).number

    messages = [row for row in workbook.rows if isinstance(row, Message)][:most]
    return list(await asyncio.gather(*(file_one(place, message) for place, message in enumerate(messages))))
