"""Sign-in by the organisation's own identity provider: OpenID Connect, code flow with PKCE, state and nonce.

The grammar of the protocol is Authlib's; what is asked over the network is asked with httpx, and signatures are joserfc's.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # pyright: ignore[reportUnknownVariableType]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # pyright: ignore[reportUnknownVariableType]
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import SecretStr, ValidationError

from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen

SIGNATURES: Final = ["RS256", "PS256", "ES256", "EdDSA"]
"""Never ``none``, and never a MAC: the provider's public key must not become a secret."""

TIMEOUT: Final = 10.0
LEEWAY: Final = 60
"""Seconds by which the provider's clock may differ from ours."""

GOING_TAKES: Final = timedelta(minutes=10)
"""How long somebody may stay at the provider's page."""


class Going(Frozen):
    """What is remembered of somebody who went to the provider, until they come back."""

    state: str
    nonce: str
    verifier: str
    next: str
    until: datetime


class Provider:
    """One identity provider. ``claim``: which claim holds the person's id of the organisation."""

    def __init__(
        self, http: httpx.AsyncClient, *, issuer: str, client_id: str, client_secret: SecretStr | None, claim: str
    ) -> None:
        self._http = http
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._claim = claim
        self._lock = asyncio.Lock()
        self._known: Mapping[str, Any] | None = None
        self._keys: KeySet | None = None

    async def leave(self, back: str, next_page: str, now: datetime) -> tuple[str, Going]:
        """Where to send the browser, and what to remember meanwhile. ``back``: our address to come back to. ``UserError`` ``provider_away``."""
        known = await self._metadata()
        going = Going(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            next=next_page,
            until=now + GOING_TAKES,
        )
        # Authlib has no types.
        where = cast("Callable[..., str]", prepare_grant_uri)
        challenge = cast("Callable[[str], str]", create_s256_code_challenge)
        address = where(
            known["authorization_endpoint"],
            self._client_id,
            "code",
            redirect_uri=back,
            scope="openid profile",
            state=going.state,
            nonce=going.nonce,
            code_challenge=challenge(going.verifier),
            code_challenge_method="S256",
        )
        return address, going

    async def arrive(self, going: Going, answer: Mapping[str, str], back: str, now: datetime) -> str:
        """The person's id, as the provider vouches for it. ``UserError`` ``provider_refused``, ``provider_away``."""
        if going.until <= now or not secrets.compare_digest(answer.get("state", "").encode(), going.state.encode()):
            raise _refused("登录已过时或与此浏览器不符", "the sign-in is out of date or belongs to another browser")
        if "code" not in answer:
            raise _refused("统一身份认证没有同意", "the identity provider did not agree")
        token = await self._exchange(answer["code"], going.verifier, back)
        claims = await self._claims(token, going.nonce, now)
        person = claims.get(self._claim)
        if not isinstance(person, str) or not person:
            raise _refused(f"身份令牌中没有 {self._claim}", f"its token has no claim {self._claim}")
        return person

    async def _exchange(self, code: str, verifier: str, back: str) -> str:
        known = await self._metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self._client_id,
            "code_verifier": verifier,
        }
        secret = self._client_secret
        auth = httpx.BasicAuth(self._client_id, secret.get_secret_value()) if secret is not None else None
        try:
            answer = await self._http.post(
                known["token_endpoint"], data=form, auth=auth or httpx.USE_CLIENT_DEFAULT, timeout=TIMEOUT
            )
            token = answer.json().get("id_token") if answer.is_success else None
        except (httpx.HTTPError, ValueError) as error:
            raise _away() from error
        if not isinstance(token, str):
            raise _refused("统一身份认证没有给出身份令牌", "the identity provider gave no identity token")
        return token

    async def _claims(self, token: str, nonce: str, now: datetime) -> Mapping[str, Any]:
        try:
            try:
                decoded = jwt.decode(token, await self._key_set(), algorithms=SIGNATURES)
            except (JoseError, ValueError):
                # The provider may have changed its keys since we asked for them.
                decoded = jwt.decode(token, await self._key_set(anew=True), algorithms=SIGNATURES)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": (await self._metadata())["issuer"]},
                    "aud": {"essential": True, "value": self._client_id},
                    "nonce": {"essential": True},
                },
                {"nonce": nonce, "client_id": self._client_id},
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError) as error:
            raise _refused("身份令牌无效", "its identity token is not valid") from error
        return dict(claims)

    async def _metadata(self) -> Mapping[str, Any]:
        async with self._lock:
            if self._known is None:
                known = await self._get(f"{self._issuer}/.well-known/openid-configuration")
                # OpenID Connect Discovery 1.0 §4.3: another issuer's document is nobody's.
                if known.get("issuer", "").rstrip("/") != self._issuer:
                    raise _away()
                self._known = known
            return self._known

    async def _key_set(self, *, anew: bool = False) -> KeySet:
        if self._keys is None or anew:
            known = await self._metadata()
            try:
                self._keys = KeySet.import_key_set(await self._get(known["jwks_uri"]))  # pyright: ignore[reportArgumentType]
            except (JoseError, KeyError, ValueError) as error:
                raise _away() from error
        return self._keys

    async def _get(self, address: str) -> dict[str, Any]:
        try:
            answer = (await self._http.get(address, timeout=TIMEOUT)).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise _away() from error
        if not isinstance(answer, dict):
            raise _away()
        return cast("dict[str, Any]", answer)


def remembered(text: str) -> Going | None:
    """What was remembered, as text; None for what nobody here wrote."""
    try:
        return Going.model_validate_json(text)
    except ValidationError:
        return None


def utc_now() -> datetime:
    """Now, aware, UTC."""
    return datetime.now(UTC)


def _refused(zh: str, en: str) -> UserError:
    return UserError(
        "provider_refused",
        zh=f"统一身份认证登录未成功：{zh}。请重新登录。",
        en=f"Sign-in failed: {en}. Please try again.",
    )


def _away() -> UserError:
    return UserError(
        "provider_away",
        zh="统一身份认证暂时不可用，请稍后再试，或联系管理员。",
        en="The identity provider does not answer as it should; try again later or tell the administrator.",
    )
