"""How much a request may bring, and how long it may take to bring it: a huge or a dripping body ends before it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.problems import body_too_large, problem_response
from schemas.errors import UserError

BODY_SECONDS = 20.0
"""Within how long a body must be here; a client on a bad line sends a form in a second or two."""

RATE = 50_000
"""Bytes by which a long body, a film or a scan, earns another second: a slow line is waited for, one that drips is not."""


class BodyLimit:
    """``limit``: bytes, by the path. Answers 413 and 408 itself."""

    def __init__(self, app: ASGIApp, *, limit: Callable[[str], int], seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._limit = limit
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        request = Request(scope)
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared[:18]) > limit:
            await problem_response(request, body_too_large(limit), headers=_CLOSE)(scope, receive, send)
            return
        body = _Counted(receive, limit, self._seconds)
        answered = _Started(send)
        try:
            await self._app(scope, body, answered)
        except (_TooLargeError, _TooSlowError) as wrong:
            if answered.started:
                raise
            error = body_too_large(limit) if isinstance(wrong, _TooLargeError) else _slow(self._seconds)
            await problem_response(request, error, headers=_CLOSE)(scope, receive, send)


_CLOSE = {"Connection": "close"}
"""What is left of the body is not waited for."""


class _TooLargeError(BaseException):
    # Not an Exception: whoever reads a body takes any of those for a body that can't be parsed.
    pass


class _TooSlowError(BaseException):
    pass


class _Counted:
    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self._left = limit
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
            raise _TooSlowError from None
        if message["type"] == "http.request":
            came = len(message.get("body", b""))
            self._left -= came
            self._until += came / RATE
            self._whole = not message.get("more_body", False)
            if self._left < 0:
                raise _TooLargeError
        return message


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
