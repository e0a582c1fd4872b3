"""What every answer bears, and what no request gets past, whatever the route: security headers, hosts, requests sent by foreign pages.

Written for ASGI itself and not as a decorated function, so that streams pass through piece by piece.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.problems import problem_response
from schemas.kernel.errors import UserError

CSP: Final = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
STRICT_TRANSPORT: Final = "max-age=31536000; includeSubDomains"

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 §9.2.1)."""


class Security:
    """Wraps the application. ``hosts``: the names under which this installation is called, empty for any."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on with our headers on its answer, or answers it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        marked = marking(send, scope)
        error = self._refused(scope)
        if error is not None:
            await problem_response(Request(scope), error)(scope, receive, marked)
        else:
            await self._app(scope, receive, marked)

    def _refused(self, scope: Scope) -> UserError | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if self._hosts and (urlsplit(f"//{host}").hostname or "") not in self._hosts:
            return UserError(
                "host_unknown",
                zh="请求的主机名不属于本系统，请核对地址。",
                en="This system is not known by that host name; check the address.",
            )
        if scope["method"] not in SAFE and _is_from_elsewhere(headers, host):
            return UserError(
                "sent_from_elsewhere",
                zh="请求来自其他网站的页面，未予受理；请在本系统的页面上操作。",
                en="The request was sent by a page of another site; use the pages of this system.",
            )
        return None


def marking(send: Send, scope: Scope) -> Send:
    """Sends with our headers on the answer."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            _mark(MutableHeaders(scope=message), scope)
        await send(message)

    return marked


def _mark(headers: MutableHeaders, scope: Scope) -> None:
    """Our headers; what a route has said itself stays."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    # Only what says so itself may be kept: whatever else there is holds data.
    headers.setdefault("Cache-Control", "no-store")
    if scope["scheme"] == "https":
        headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)


def _is_from_elsewhere(headers: Headers, host: str) -> bool:
    """Whether a browser says that a page of another site sends this; machines say nothing of the kind.

    This stands before the mark of the session, which the sign-in and the public's pages have not.
    """
    if (site := headers.get("sec-fetch-site")) is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host
