"""What holds for every request: health, figures, limits of size and time, live changes, and defects that tell nothing of the inside."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi import FastAPI, Request

from gateway.web.bodies import BodyLimit
from gateway.web.connections import BoundedConnection
from gateway.web.observed import Metrics, MetricsMiddleware
from tests.api.conftest import Api, listening
from tests.api.test_petitions import OPERATOR, PETITIONS, SUPERVISOR, told

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_health_readiness_and_figures(api: Api) -> None:
    await api.filed()
    assert (await api("").get("/healthz")).json() == {"status": "ok"}
    ready = await api("").get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ok", "parts": {"database": "ok", "engine": "ok"}})
    text = (await api("").get("/metrics")).text
    assert 'sanzhang_http_requests_total{method="POST",route="/api/v1/petitions",status="201"}' in text
    assert 'sanzhang_open_cases{stage="assign"}' in text
    assert "WC-20" not in text


async def test_changes_reach_whom_they_concern_and_nobody_else(api: Api) -> None:
    async with listening(api.app) as port:
        watching, foreign = await _stream(port, SUPERVISOR), await _stream(port, "bao-jie")
        number = await api.filed()
        await api.act(number, SUPERVISOR, "assign", lead="WC/QH/02")
        seqs: list[int] = []
        while True:
            last, change = await _next(watching)
            if change["number"] == number:
                seqs.append(change["seq"])
                if seqs[-1] >= 3:
                    break
        assert change["stage"] == "supervise"
        # Whoever comes back is told what was missed, that change again included: none is left out.
        await api.act(number, SUPERVISOR, "urge", text="请尽快。")
        again = await _stream(port, SUPERVISOR, last)
        while True:
            _, change = await _next(again)
            if change["number"] == number and change["seq"] > seqs[-1]:
                break
        elsewhere = await api.filed(unit="WC/LQ/01")
        while True:
            _, change = await _next(foreign)
            assert change["number"] != number
            if change["number"] == elsewhere:
                break
        for _, writer in (watching, again, foreign):
            writer.close()


async def test_a_dripping_body_is_not_waited_for() -> None:
    app = FastAPI()

    @app.post("/x")
    async def take(body: dict[str, str]) -> dict[str, str]:
        return body

    app.add_middleware(BodyLimit, limit=lambda _: 1_000, seconds=0.3)
    async with listening(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408")
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        # No length told: what counts is what comes.
        writer.write(
            b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        writer.write(b"400\r\n" + b" " * 0x400 + b"\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 413")
        writer.close()


class Impatient(BoundedConnection):
    head_seconds = 0.3
    linger_seconds = 0.3


async def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    app, calls = FastAPI(), list[str]()

    @app.get("/x")
    async def take() -> str:
        calls.append("x")
        return "x"

    async with listening(app, Impatient) as port:
        whole = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
        for begun in (b"", b"GET", b"GET /x HTTP/1.1\r\nHost: x\r\nX-A: b"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(begun)
            assert (await reader.read()).startswith(b"HTTP/1.1 408"), begun
            writer.close()
            # The second request of a connection is waited for no longer than the first.
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(whole + begun)
            answer = await reader.readuntil(b'"x"')
            assert answer.startswith(b"HTTP/1.1 200")
            if begun:
                assert (await reader.read()).startswith(b"HTTP/1.1 408"), begun
            writer.close()
        # A head without end, line after line.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(whole[:-2] + b"X-A: " + b"b" * 4_000 + b"\r\n")
        for each in range(20):
            writer.write(b"X-%d: " % each + b"b" * 4_000 + b"\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 431")
        writer.close()
    assert calls == ["x"] * 3


async def test_what_comes_after_the_answer_is_not_read_for_ever() -> None:
    app = FastAPI()

    @app.post("/x")
    async def answer_at_once() -> str:
        return "x"

    async with listening(app, Impatient) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
        assert (await reader.readuntil(b'"x"')).startswith(b"HTTP/1.1 200")
        assert await reader.read() == b"", "the connection is over"
        writer.close()


async def test_a_long_body_on_a_slow_line_is_waited_for() -> None:
    """What has come earns the time for what is still to come."""
    app = FastAPI()

    @app.post("/x")
    async def take(request: Request) -> int:
        return len(await request.body())

    app.add_middleware(BodyLimit, limit=lambda _: 1_000_000, seconds=0.5)
    piece, pieces = b"x" * 25_000, 8
    async with listening(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        length = len(piece) * pieces
        writer.write(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)
        for _ in range(pieces):
            writer.write(piece)
            await writer.drain()
            # As slow as a line may be: longer than the whole would be given without what came.
            await asyncio.sleep(0.1)
        assert (await reader.readuntil(b"%d" % length)).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_defect_of_ours_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()

    @app.get("/x")
    async def broken() -> None:
        raise RuntimeError("13800001234 at /srv/secret")

    figures = Metrics()
    app.add_middleware(MetricsMiddleware, figures=figures)
    transport_free = Api(app, None)  # type: ignore[arg-type]
    answer = await transport_free("").get("/x", headers={"X-Request-Id": "from-the-proxy-1"})
    problem = told(answer, 500, "internal")
    assert problem["request_id"] == "from-the-proxy-1"
    assert "13800001234" not in answer.text and "Traceback" not in answer.text


async def test_huge_requests_end_before_they_are_read(api: Api) -> None:
    told(
        await api(OPERATOR).post(
            PETITIONS, content=b"", headers={"Content-Length": "99999999999", "Idempotency-Key": "x"}
        ),
        413,
        "body_too_large",
    )


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _stream(port: int, person: str, last: str = "") -> Stream:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    more = f"Last-Event-ID: {last}\r\n" if last else ""
    writer.write(f"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nX-Test-Person: {person}\r\n{more}\r\n".encode())
    head = await reader.readuntil(b": open\n\n")
    assert head.startswith(b"HTTP/1.1 200") and b"text/event-stream" in head, head
    return reader, writer


async def _next(stream: Stream) -> tuple[str, dict[str, Any]]:
    """The id and the data of the next event."""
    identity = ""
    async with asyncio.timeout(20):
        while True:
            line = (await stream[0].readline()).decode()
            if line.startswith("id: "):
                identity = line.removeprefix("id: ").strip()
            if line.startswith("data: "):
                return identity, json.loads(line.removeprefix("data: "))


async def test_an_auditor_sees_a_life_its_proofs_and_who_looked(api: Api) -> None:
    auditor, audit = api("fu-zhiyuan"), "/api/v1/audit"
    number = await api.filed()
    await api(OPERATOR).post(f"{PETITIONS}/{number}/reveal", json={"reason": "call_back"})
    told_life = (await auditor.get(f"{audit}/cases/{number}/timeline")).json()
    assert told_life["number"] == number and told_life["deeds"]
    told(
        await auditor.get(f"{audit}/cases/{number}/timeline", params={"as_of": "2020-01-01T00:00:00Z"}),
        422,
        "not_yet_filed",
    )
    checked = (await auditor.post(f"{audit}/cases/{number}/verify")).json()
    assert checked == {"number": number, "holds": True, "findings": []}
    told(await auditor.get(f"{audit}/cases/{number}/proof"), 404, "no_checkpoint_yet")
    seen = (await auditor.get(f"{audit}/access", params={"case": number})).json()["readings"]
    assert [(each["person"], each["reason"]) for each in seen if each["kind"] == "revealed"] == [(OPERATOR, "回电联系")]
    told(await api(OPERATOR).get(f"{audit}/access"), 403, "door_closed")
    told(await auditor.get(f"{audit}/cases/XA-0/timeline"), 404, "case_unknown")
