"""Who reads the figures: this machine itself, and others with a token for them."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from tests.access.conftest import City
from tests.access.situations import PEOPLE

pytestmark = pytest.mark.asyncio(loop_scope="session")

HERE, ELSEWHERE = ("127.0.0.1", 40_000), ("10.1.2.3", 40_000)
READ = "metrics:read"


async def asked(city: City, came: tuple[str, int], *, host: str = "localhost", **headers: str) -> httpx.Response:
    """The answer to somebody at that address."""
    transport = httpx.ASGITransport(city.app, client=came)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        return await client.get("/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()})


async def test_this_machine_reads_them_and_nobody_else(city: City) -> None:
    answer = await asked(city, HERE)
    assert (answer.status_code, "sanzhang_open_cases" in answer.text) == (200, True)
    assert (await asked(city, ("::1", 40_000), host="[::1]")).status_code == 200
    for refused in (
        await asked(city, ELSEWHERE),
        await asked(city, ("", 0)),
        # A page of another site, or a proxy on this machine, on whose behalf the machine asks.
        await asked(city, HERE, host="figures.example"),
        await asked(city, HERE, x_forwarded_for="10.1.2.3"),
        await asked(city, HERE, forwarded="for=10.1.2.3"),
        await asked(city, HERE, via="1.1 proxy"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (401, "sign_in_needed")


async def test_a_token_reads_them_from_anywhere(city: City) -> None:
    tokens = city.callers.tokens
    for person, scope, code in (
        (PEOPLE["upstream"], READ, ""),
        (PEOPLE["city_chief"], READ, ""),
        (PEOPLE["supervisor"], READ, "door_closed"),
        (PEOPLE["city_chief"], "petitions:read", "token_scope_missing"),
        (PEOPLE["handler"], READ, "door_closed"),
    ):
        issued = await tokens.create(person, [scope])
        answer = await asked(city, ELSEWHERE, authorization=f"Bearer {issued.text}")
        assert ("" if answer.status_code == 200 else answer.json()["code"]) == code, (person, scope)
        await tokens.revoke(issued.view.id)
        again = await asked(city, ELSEWHERE, authorization=f"Bearer {issued.text}")
        assert (again.status_code, again.json()["code"]) == (401, "token_invalid")


async def test_an_installation_may_want_a_token_of_everybody(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    system = city.door.system
    monkeypatch.setattr(
        city.door, "system", replace(system, settings=system.settings.model_copy(update={"metrics": "token"}))
    )
    assert (await asked(city, HERE)).status_code == 401
    issued = await city.callers.tokens.create(PEOPLE["upstream"], [READ])
    assert (await asked(city, HERE, authorization=f"Bearer {issued.text}")).status_code == 200
