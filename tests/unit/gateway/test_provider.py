"""Sign-in by an identity provider: a small real one, which answers as OpenID Connect says, or in one point otherwise."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr

from activities.record.migrate import migrate
from gateway.access.provider import Provider
from tests.databases import own_database
from tests.unit.gateway.sign_in_house import browser, house

pytestmark = pytest.mark.asyncio(loop_scope="module")

ISSUER = "https://id.example"
SECRET = "not told to anybody"


class Office:
    """The provider. ``lie`` changes the claims it vouches for; ``key`` signs, ``shown`` is what it publishes."""

    def __init__(self) -> None:
        self.key: Any = ECKey.generate_key("P-256", {"kid": "1", "use": "sig", "alg": "ES256"})
        self.shown = self.key
        self.header: dict[str, Any] = {"alg": "ES256", "kid": "1"}
        self.secret: bytes | None = None
        self.lie: dict[str, Any] = {}
        self.issuer = ISSUER
        self.asked: dict[str, dict[str, str]] = {}
        self.app = FastAPI()
        self.app.get("/.well-known/openid-configuration")(self.configuration)
        self.app.get("/keys")(self.keys)
        self.app.get("/authorize")(self.authorize)
        self.app.post("/token")(self.token)

    async def configuration(self) -> dict[str, str]:
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {"issuer": self.issuer, **{name: f"{ISSUER}/{path}" for name, path in places.items()}}

    async def keys(self) -> Response:
        return JSONResponse(KeySet([self.shown]).as_dict(private=False))

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        self.asked["the-code"] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?code=the-code&state={asked['state']}")

    async def token(
        self,
        request: Request,
        code: str = Form(),
        code_verifier: str = Form(),
        redirect_uri: str = Form(),
    ) -> Response:
        asked = self.asked.pop(code, None)
        challenge = urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        known = asked is not None and (asked["code_challenge"], asked["redirect_uri"]) == (challenge, redirect_uri)
        if asked is None or not known or not request.headers["authorization"].startswith("Basic "):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims: dict[str, Any] = {"iss": ISSUER, "aud": "sanzhang", "sub": "1", "iat": now, "exp": now + 60}
        claims |= {"nonce": asked["nonce"], "preferred_username": "he-xiaoyun"} | self.lie
        claims = {name: value for name, value in claims.items() if value is not None}
        token = self.forged(claims) if self.secret is not None else jwt.encode(self.header, claims, self.key)
        return JSONResponse({"id_token": token, "token_type": "Bearer"})

    def forged(self, claims: dict[str, Any]) -> str:
        """By hand: no library makes such a token. An empty secret signs nothing."""
        parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (self.header, claims)]
        mac = hmac.digest(self.secret, b".".join(parts), "sha256") if self.secret else b""
        return b".".join((*parts, urlsafe_b64encode(mac).rstrip(b"="))).decode()


@pytest_asyncio.fixture(loop_scope="module")
async def office() -> Office:
    return Office()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dsn(database_dsn: str) -> AsyncIterator[str]:
    async with own_database(database_dsn, "provider") as own:
        await migrate(own)
        yield own


@pytest_asyncio.fixture(loop_scope="module")
async def app(dsn: str, office: Office) -> AsyncIterator[FastAPI]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(office.app)) as http:
        provider = Provider(
            http,
            issuer=ISSUER + "/",
            client_id="sanzhang",
            client_secret=SecretStr(SECRET),
            claim="preferred_username",
        )
        async with house(dsn, provider=provider) as (_, app):
            yield app


async def gone(web: httpx.AsyncClient, office: Office, page: str = "/board") -> str:
    """To the provider; the address at which it sends the browser back."""
    leaving = await web.get("/sign-in/provider", params={"next": page})
    assert leaving.status_code == 303, leaving.text
    async with httpx.AsyncClient(transport=httpx.ASGITransport(office.app)) as browser_there:
        return (await browser_there.get(leaving.headers["location"])).headers["location"]


async def test_a_person_comes_back_signed_in(app: FastAPI, office: Office) -> None:
    async with browser(app) as web:
        assert "/sign-in/provider?next=%2Fboard" in (await web.get("/sign-in", params={"next": "/board"})).text
        back = await web.get(await gone(web, office))
        assert (back.status_code, back.headers["location"]) == (303, "/board")
        assert (await web.get("/me")).json()["person"] == "he-xiaoyun"


async def test_nothing_secret_travels_with_the_browser(app: FastAPI, office: Office) -> None:
    async with browser(app) as web:
        leaving = await web.get("/sign-in/provider")
        asked = parse_qs(urlsplit(leaving.headers["location"]).query)
        assert set(asked) == {
            *("response_type", "client_id", "redirect_uri", "scope"),
            *("state", "nonce", "code_challenge", "code_challenge_method"),
        }
        assert asked["redirect_uri"] == ["http://localhost/sign-in/provider/back"]
        kept = leaving.headers["set-cookie"]
        assert "HttpOnly" in kept
        assert asked["state"][0] not in kept
        assert asked["nonce"][0] not in kept


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "for another client": {"aud": "other"},
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "over": {"exp": 1_000_000_000},
    "without an end": {"exp": None},
    "no person": {"preferred_username": None},
    "a person that is no text": {"preferred_username": ["he-xiaoyun"]},
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_token_that_is_wrong_in_one_point_lets_nobody_in(app: FastAPI, office: Office, lie: str) -> None:
    office.lie = LIES[lie]
    await refused(app, office, "统一身份认证登录未成功")


async def test_somebody_unknown_here_is_told_so(app: FastAPI, office: Office) -> None:
    office.lie = {"preferred_username": "who-else"}
    await refused(app, office, "who-else 不在本系统的组织机构中")


async def test_signatures_of_others_and_none_at_all(app: FastAPI, office: Office) -> None:
    shown = office.shown
    office.key = ECKey.generate_key("P-256", {"kid": "1"})
    await refused(app, office, "身份令牌无效")
    # The public key taken for a secret, the classic confusion.
    office.secret, office.header = shown.as_pem(private=False), {"alg": "HS256", "kid": "1"}
    await refused(app, office, "身份令牌无效")
    office.secret, office.header = b"", {"alg": "none"}
    await refused(app, office, "身份令牌无效")


async def test_a_provider_may_change_its_key(app: FastAPI, office: Office) -> None:
    async with browser(app) as web:
        assert (await web.get(await gone(web, office))).status_code == 303
        office.key = office.shown = ECKey.generate_key("P-256", {"kid": "2", "use": "sig", "alg": "ES256"})
        office.header = {"alg": "ES256", "kid": "2"}
        web.cookies.clear()
        assert (await web.get(await gone(web, office))).status_code == 303


async def test_only_the_browser_that_left_comes_back_and_only_once(app: FastAPI, office: Office) -> None:
    async with browser(app) as left, browser(app) as other:
        back = await gone(left, office)
        assert "与此浏览器不符" in (await other.get(back)).text
        await gone(other, office)
        assert (await other.get(back)).status_code == 403, "somebody else's answer to one's own question"
        forged = back.replace("state=", "state=x")
        assert (await left.get(forged)).status_code == 403
        assert (await left.get(back)).status_code == 403, "a failed return is over"


async def test_a_provider_that_is_away_or_not_itself(app: FastAPI, office: Office) -> None:
    office.issuer = "https://evil.example"
    async with browser(app) as web:
        told = await web.get("/sign-in/provider")
        assert told.status_code == 502
        assert "统一身份认证暂时不可用" in told.text


async def refused(app: FastAPI, office: Office, said: str) -> None:
    async with browser(app) as web:
        answer = await web.get(await gone(web, office))
        assert answer.status_code == 403
        assert said in answer.text
        assert (await web.get("/me")).status_code == 401
