"""How much a request may bring, in bytes and in values, and how long it may take to bring it: a huge, a splintered or a dripping body ends before
it is read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.problems import body_too_large, body_too_many_fields, problem_response
from schemas import media_types
from schemas.kernel.errors import UserError

BODY_SECONDS = 20.0
"""Within how long a body must be here; a client on a bad line sends a form in a second or two."""

RATE = 50_000
"""Bytes by which a long body, a film or a scan, earns another second: a slow line is waited for, one that drips is not."""

MOST_FIELDS: Final = 2_000
"""Values of a JSON body, or fields of a form: a petition with a hundred petitioners has a thousand. Each costs whoever else is served some
microseconds, and each that is wrong some tens of them.
"""

BATCH_FIELDS: Final = 60_000
"""Values of a document, or of a batch of 500 events, a hundred each."""

FORM_BYTES: Final = 250_000
"""Of a form whose characters are written %E4%BD%A0: a text of 24,000 has 216,000 so."""


class BodyLimit:
    """``limit``: bytes, by the path; ``fields``: values or fields, by the path, None where who reads the body counts them once it knows who sent it.
    Answers 413 and 408 itself.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: Callable[[str], int],
        fields: Callable[[str], int | None] = lambda _: MOST_FIELDS,
        seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._limit = limit
        self._fields = fields
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        sent_as = media_types.media_type(request.headers.get("content-type"))
        limit, fields = self._limit(scope["path"]), self._fields(scope["path"])
        if sent_as == media_types.URL_ENCODED:
            limit = min(limit, FORM_BYTES)
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared[:18]) > limit:
            await problem_response(request, body_too_large(limit), headers=_CLOSE)(scope, receive, send)
            return
        body = _Counted(receive, limit, self._seconds, sent_as, fields)
        answered = _Started(send)
        try:
            await self._app(scope, body, answered)
        except _RefusedError as wrong:
            if answered.started:
                raise
            await problem_response(request, wrong.error, headers=_CLOSE)(scope, receive, send)


_CLOSE = {"Connection": "close"}
"""What is left of the body is not waited for."""


class _RefusedError(BaseException):
    # Not an Exception: whoever reads a body takes any of those for a body that can't be parsed.
    def __init__(self, error: UserError) -> None:
        super().__init__(error.code)
        self.error = error


_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\(?s:.)?[^"\\]*+)*+(?:"|\Z)')
"""A string of JSON, up to the end where it has none: no character is looked at twice."""


def values_in(body: bytes, most: int) -> int:
    """How many values JSON text holds, or somewhat more; past ``most`` only that there are more. Of what is no JSON some number."""
    # Each value has two strings at most, its name and itself: what is left of more of them is counted with the rest.
    bare = _STRING.sub(b"", body, count=2 * most + 2)
    return 1 + bare.count(b",") + bare.count(b"[") + bare.count(b"{")


class _Counted:
    def __init__(
        self,
        receive: Receive,
        limit: int,
        seconds: float,
        sent_as: str,
        fields: int | None,
    ) -> None:
        self._receive = receive
        self._limit = self._left = limit
        self._sent_as = sent_as
        self._fields = fields
        self._pairs = 0
        self._parts: list[bytes] = []
        self._seconds = seconds
        self._until: float | None = None
        self._whole = False

    async def __call__(self) -> Message:
        if self._whole:
            # What comes after the body is only the news that the caller has gone.
            return await self._receive()
        self._until = self._until or asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise _RefusedError(_slow(self._seconds)) from None
        if message["type"] == "http.request":
            part = message.get("body", b"")
            came = len(part)
            self._left -= came
            self._until += came / RATE
            self._whole = not message.get("more_body", False)
            if self._left < 0:
                raise _RefusedError(body_too_large(self._limit))
            if self._fields is not None and self._holds_more(part, self._fields):
                raise _RefusedError(body_too_many_fields(self._fields))
        return message

    def _holds_more(self, part: bytes, most: int) -> bool:
        match self._sent_as:
            case media_types.MULTIPART:
                # What reads it counts its parts itself.
                return False
            case media_types.URL_ENCODED:
                # Read piece by piece as it comes, and a field goes to the next mark.
                self._pairs += part.count(b"&")
                return self._pairs > most
            case _:
                self._parts.append(part)
                return self._whole and values_in(b"".join(self._parts), most) > most


class _Started:
    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        self.started = self.started or message["type"] == "http.response.start"
        await self._send(message)


def _slow(seconds: float) -> UserError:
    return UserError(
        "request_slow",
        zh=f"请求内容未在 {seconds:.0f} 秒内送达，请重试。",
        en=f"The request did not arrive within {seconds:.0f} seconds; send it again.",
    )
