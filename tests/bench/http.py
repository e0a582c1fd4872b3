"""How long a filing by HTTP takes to be acknowledged: the gateway as ``up`` starts it, a token, the whole way into engine and record."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

from activities.access.tokens import Tokens
from activities.record.migrate import new_engine
from activities.record.seed import seed
from tests.bench.installation import OURS, START_SECONDS, Installation, end, workers
from tests.bench.latency import open_loop
from tests.bench.path import TEXT_LETTERS, TITLE_LETTERS, wording

PERSON = "he-xiaoyun"
RATES = (5, 20)


@asynccontextmanager
async def gateway(place: Installation) -> AsyncGenerator[str]:
    """The gateway's process, ready to serve; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = place.data_dir / "log" / "bench-gateway.log"
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", "gateway.web.serve", "--port", str(port)],
            env=place.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        give_up = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient() as client:
            while not await _ready(client, address):
                if process.poll() is not None or time.monotonic() > give_up:
                    raise RuntimeError(f"the gateway did not start:\n{log.read_text()[-4000:]}")
                await asyncio.sleep(0.1)
        yield address
    finally:
        end(process)


async def _ready(client: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await client.get(f"{address}/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def measure(place: Installation, *, quick: bool) -> list[dict[str, Any]]:
    """Milliseconds from when each filing was due until its answer was here, by rate."""
    dsn = place.runtime.database_dsn
    await seed(dsn, demo=True)
    engine = new_engine(dsn, pool_size=1)
    token = await _token(Tokens(engine))
    await engine.dispose()
    body = {
        "channel": "12345",
        "ledger": "claim",
        "complexity": "simple",
        "unit": "WC/QH/01",
    }
    with workers(place, OURS):
        async with (
            gateway(place) as address,
            httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client,
        ):

            async def file() -> None:
                sent = body | {"title": wording(TITLE_LETTERS), "text": wording(TEXT_LETTERS)}
                answer = await client.post("/api/v1/petitions", json=sent, headers={"Idempotency-Key": uuid4().hex})
                if answer.status_code != 201:
                    raise RuntimeError(answer.text[:1000])

            return [
                await open_loop(file, per_second=rate, calls=rate * (10 if quick else 60 if rate == RATES[0] else 30))
                for rate in RATES
            ]


async def _token(tokens: Tokens) -> str:
    return (await tokens.create(PERSON, ["petitions:write"], label="bench")).text
