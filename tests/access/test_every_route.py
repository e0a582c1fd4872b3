"""What holds for every address there is, whoever added it: walked from the application's own routes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gateway.access.callers import SESSION_COOKIE
from gateway.web.app import USUAL_BODY
from gateway.web.security import HEADERS, SAFE
from schemas.access.areas import AUDITORS_SEND
from tests.access.conftest import City

pytestmark = pytest.mark.asyncio(loop_scope="session")

VALUES = {
    "kind": "approve",
    "command": "approve",
    "ledger": "claim",
    "digest": "0" * 64,
    "name:path": "console/console.css",
    "number": "WC-2026-C-000001",
}
OPEN = re.compile(
    r"/|/sign-in.*|/sign-out|/public.*|/static/.*|/preferences|/healthz|/readyz|/metrics|/api/v1/(openapi\.json|events)"
)
"""Where nobody need have signed in; the events bear a signature instead, the figures are for this machine."""
UNMARKED = re.compile(r"/sign-in.*|/public.*|/api/v1/events")
"""What is sent there bears no mark of a session: there is none yet."""
STREAM = "/api/v1/stream"


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and address of every route, with something in the place of its parameters."""
    for route in app.routes:
        held: Any = route
        for each in held.effective_route_contexts() if hasattr(held, "effective_route_contexts") else (held,):
            for method in sorted(each.methods or ()):
                yield method, re.sub(r"\{([^}]+)\}", lambda found: VALUES.get(found[1], "x"), each.path)


def guarded(answer: httpx.Response) -> None:
    """Bears what every answer bears, and tells nothing of the inside."""
    for name in HEADERS:
        assert name in answer.headers, (name, answer.request.url)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"]
    assert "server" not in answer.headers
    assert "Traceback" not in answer.text and ".py" not in answer.text, answer.request.url
    for cookie in answer.headers.get_list("set-cookie"):
        assert cookie.startswith(("language=", "theme=")) or re.search("HttpOnly.*SameSite=lax", cookie), cookie


def client(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://localhost",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


async def test_the_walk_finds_every_kind_of_route() -> None:
    from gateway.web.app import create_app

    found = set(routes(create_app(lambda: None)))  # type: ignore[arg-type, return-value]
    for known in (
        ("GET", "/inbox"),
        ("POST", "/sign-in"),
        ("POST", "/api/v1/petitions"),
        ("GET", "/metrics"),
        ("GET", STREAM),
        ("POST", "/petitions/WC-2026-C-000001/act/approve"),
        ("GET", "/static/console/console.css"),
    ):
        assert known in found
    assert len(found) > 90


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_strangers_get_no_further_than_the_sign_in(city: City, accept: str) -> None:
    async with client(city.app, Accept=accept) as web:
        for method, path in routes(city.app):
            answer = await web.request(method, path)
            guarded(answer)
            # There is no engine behind this city.
            assert answer.status_code < 500 or path == "/readyz", (method, path)
            if OPEN.fullmatch(path):
                continue
            led = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
            assert led or answer.status_code == 401, (method, path, answer.status_code)


async def test_nothing_a_stranger_sends_is_read(city: City) -> None:
    taken: list[str] = []

    async def sent(path: str) -> AsyncIterator[bytes]:
        taken.append(path)
        yield b"{}"

    async with client(city.app) as web:
        for method, path in routes(city.app):
            if method in SAFE or OPEN.fullmatch(path):
                continue
            for media_type in (
                "application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
            ):
                answer = await web.request(method, path, content=sent(path), headers={"Content-Type": media_type})
                assert answer.status_code == 401, (method, path)
    assert not taken


async def test_whatever_changes_something_bears_the_mark_of_its_session_and_comes_from_our_pages(city: City) -> None:
    before = await city.kept()
    secret, csrf = city.sessions["operator"]
    async with client(city.app, Cookie=f"{SESSION_COOKIE}={secret}") as web:
        for method, path in routes(city.app):
            if method in SAFE:
                continue
            foreign = await web.request(method, path, headers={"Sec-Fetch-Site": "cross-site", "X-CSRF": csrf})
            guarded(foreign)
            assert (foreign.status_code, foreign.json()["code"]) == (403, "sent_from_elsewhere"), (method, path)
            elsewhere = await web.request(method, path, headers={"Origin": "http://evil.example", "X-CSRF": csrf})
            assert elsewhere.json()["code"] == "sent_from_elsewhere", (method, path)
            if UNMARKED.fullmatch(path):
                continue
            for wrong in ({}, {"X-CSRF": "guessed"}):
                unmarked = await web.request(method, path, headers=wrong)
                guarded(unmarked)
                assert (unmarked.status_code, unmarked.json()["code"]) == (403, "csrf_missing"), (method, path)
    assert await city.kept() == before


async def test_an_auditor_sends_nothing_wherever_it_goes(city: City) -> None:
    secret, csrf = city.sessions["auditor"]
    async with client(city.app, Cookie=f"{SESSION_COOKIE}={secret}", X_CSRF=csrf) as web:
        for method, path in routes(city.app):
            if method in SAFE or UNMARKED.fullmatch(path) or AUDITORS_SEND.fullmatch(path):
                continue
            answer = await web.request(method, path)
            assert answer.json()["code"] == "auditors_change_nothing", (method, path)


async def test_no_address_takes_a_body_without_end(city: City) -> None:
    huge = str(10**12)
    async with client(city.app) as web:
        for method, path in routes(city.app):
            answer = await web.request(method, path, content=b"", headers={"Content-Length": huge})
            guarded(answer)
            assert answer.status_code == 413, (method, path)
    # Without a length told, what counts is what comes.
    secret, _ = city.sessions["operator"]
    sent = {"Cookie": f"{SESSION_COOKIE}={secret}", "Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/petitions/new", "/sign-in", "/public/submit", "/inbox/act/approve"):
        taken = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal taken
            while True:
                taken += 65_536
                yield b"a" * 65_536

        async with client(city.app) as web:
            answer = await web.post(path, content=endless(), headers=sent)
        assert answer.status_code == 413, path
        assert taken <= USUAL_BODY + 2 * 65_536, "no more was read than is taken"


async def test_a_defect_behind_any_address_tells_nothing(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise RuntimeError("13800001234 at /srv/secret.py")

    monkeypatch.setattr(city.door, "organisation", broken)
    met = 0
    for accept in ("text/html", "application/json"):
        secret, csrf = city.sessions["operator"]
        async with client(city.app, Accept=accept, Cookie=f"{SESSION_COOKIE}={secret}", X_CSRF=csrf) as web:
            for method, path in routes(city.app):
                answer = await web.request(method, path)
                guarded(answer)
                assert "13800001234" not in answer.text
                if answer.status_code == 500:
                    met += 1
                    page = accept == "text/html" and not path.startswith("/api/")
                    assert answer.headers["content-type"].startswith("text/html" if page else "application/problem")
                    assert answer.headers["x-request-id"] in answer.text or method == "HEAD"
    assert met > 100


async def test_live_changes_bear_the_same_headers(city: City) -> None:
    """A stream never ends, so it is asked without a client: only how it begins is looked at."""
    secret, _ = city.sessions["operator"]
    begun: dict[str, str] = {}

    class Enough(Exception):  # noqa: N818
        pass

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            begun.update({name.decode().lower(): value.decode() for name, value in message["headers"]})
            raise Enough

    came = iter(({"type": "http.request", "body": b"", "more_body": False},))

    async def receive() -> Any:
        if (message := next(came, None)) is None:
            await asyncio.Event().wait()
        return message

    headers = [(b"host", b"localhost"), (b"cookie", f"{SESSION_COOKIE}={secret}".encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": STREAM,
        "raw_path": STREAM.encode(),
        "query_string": b"",
        "headers": headers,
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
        "root_path": "",
    }
    with pytest.raises((Enough, ExceptionGroup)):
        await city.app(scope, receive, send)
    assert begun["content-type"].startswith("text/event-stream")
    assert {name.lower() for name in HEADERS} <= begun.keys()
