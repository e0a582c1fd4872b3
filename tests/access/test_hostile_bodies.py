"""Whatever a body is made of, reading it keeps nobody else waiting for long, at any door that takes one."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest

from gateway.web.bodies import FORM_BYTES
from tests.access.conftest import City

pytestmark = pytest.mark.asyncio(loop_scope="session")

WAITED = 0.05
"""Seconds nobody waits longer than for another's hostile text."""

A_MILLION = 990_000

BODIES = {
    "deep lists": b"[" * A_MILLION,
    "deep objects": b'{"a":' * (A_MILLION // 5),
    "names nobody knows": json.dumps({f"a{i}": 1 for i in range(70_000)}).encode(),
    "empty petitioners": json.dumps({"title": "a", "text": "b", "petitioners": [{}] * 200_000}).encode(),
    "wrong petitioners": json.dumps({"title": "a", "text": "b", "petitioners": [{"name": 1, "x": 2}] * 650}).encode(),
    "numbers": b"[" + b"1e9999," * 120_000 + b"1]",
    "one long number": b'{"title":' + b"1" * 900_000 + b"}",
    "escaped": b'{"title":"' + b"\\u4e00" * 150_000 + b'"}',
    "a long text": '{{"title":"a","text":"{}"}}'.format("电话138" * 90_000).encode(),
}

FORMS = {
    "pairs": b"a=1&" * (FORM_BYTES // 4),
    "ampersands": b"&" * (FORM_BYTES - 200),
    "as many as may be": b"a=1&" * 1_900,
    "percent signs": b"text=" + b"%E4" * (FORM_BYTES // 3 - 100),
    "one long text": b"text=" + b"a" * (FORM_BYTES - 200),
    "equal signs": b"=" * (FORM_BYTES - 200),
    "a million": b"text=" + b"a" * A_MILLION,
}


async def longest(client: httpx.AsyncClient, door: str, body: bytes, media_type: str) -> tuple[float, int]:
    """How long the serving thread was busy at a stretch, the least of three times; and what was answered."""
    headers = {"Content-Type": media_type, "Idempotency-Key": "x"}
    stretches, status = list[float](), 0
    for _ in range(3):
        stretch, asked = 0.0, asyncio.create_task(client.post(door, content=body, headers=headers))
        while not asked.done():
            begun = time.thread_time()
            await asyncio.sleep(0)
            stretch = max(stretch, time.thread_time() - begun)
        status = (await asked).status_code
        stretches.append(stretch)
        if stretch < WAITED:
            break
    return min(stretches), status


async def test_json(city: City) -> None:
    number = city.numbers["accepted"]
    slow: dict[tuple[str, str], float] = {}
    async with city.machine("operator") as machine:
        for door in ("/api/v1/petitions", f"/api/v1/petitions/{number}/actions/remark", "/api/v1/events"):
            for name, body in BODIES.items():
                taken, status = await longest(machine, door, body, "application/json")
                assert 400 <= status < 500
                if taken > WAITED:
                    slow[door, name] = taken
    assert not slow


@pytest.mark.parametrize("piece", [b'\\"', b'"",', b"{},"])
async def test_what_a_stranger_sends_as_a_batch_of_events(city: City, piece: bytes) -> None:
    """A batch may have twenty megabytes, and who sent it is known only when all of it is there."""
    body = b"[" + piece * (19_900_000 // len(piece))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(city.app), base_url="http://localhost") as stranger:
        taken, status = await longest(stranger, "/api/v1/events", body, "application/json")
    assert 400 <= status < 500
    assert taken < WAITED


@pytest.mark.parametrize(
    "media_type", ["multipart/form-data; boundary=x", "text/plain", "application/x-www-form-urlencoded", ""]
)
async def test_json_under_another_name(city: City, media_type: str) -> None:
    """What is not counted as what it is said to be is not read as something else either."""
    number = city.numbers["accepted"]
    async with city.machine("operator") as machine:
        for door in ("/api/v1/petitions", f"/api/v1/petitions/{number}/actions/remark"):
            for body in (BODIES["empty petitioners"], BODIES["names nobody knows"]):
                taken, status = await longest(machine, door, body, media_type)
                assert 400 <= status < 500
                assert taken < WAITED, (door, media_type)


async def test_forms(city: City) -> None:
    number = city.numbers["accepted"]
    slow: dict[tuple[str, str], float] = {}
    async with city.browser("operator") as (web, csrf):
        for door in (
            "/petitions/new",
            "/public/submit",
            "/public/track",
            f"/petitions/{number}/act/remark",
            "/sign-in",
        ):
            for name, body in FORMS.items():
                sent = b"csrf=" + csrf.encode() + b"&do=look&" + body
                taken, status = await longest(web, door, sent, "application/x-www-form-urlencoded")
                assert status < 500
                if taken > WAITED:
                    slow[door, name] = taken
    assert not slow
