"""What is known of every request: an id, how long it took and how it ended. A defect is logged under that id and told without its trace."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.console.errors import asks_for_page, trouble_page
from gateway.retry import away, is_transient
from gateway.web.problems import internal, problem_response
from gateway.web.security import marking

_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.078, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds; with the bounds this system promises among them."""


class Metrics:
    """The figures of one application; its registry is its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "sanzhang_http_requests",
            "Requests by route and status",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "sanzhang_http_request_seconds",
            "Server time of requests, without streams",
            ("method", "route"),
            registry=self.registry,
            buckets=BUCKETS,
        )


class MetricsMiddleware:
    """The outermost of our own layers."""

    def __init__(self, app: ASGIApp, *, figures: Metrics) -> None:
        self._app = app
        self._figures = figures
        self._log = structlog.get_logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        given = request.headers.get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else uuid4().hex
        request.state.request_id = request_id
        status = 0
        streamed = False

        async def sending(message: Message) -> None:
            nonlocal status, streamed
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.setdefault("headers", [])
                streamed = any(
                    name == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers
                )
                headers.append((b"x-request-id", request_id.encode()))
            await send(message)

        begun = time.perf_counter()
        try:
            await self._app(scope, receive, sending)
        except Exception as defect:  # told to the caller without its trace, and logged with it
            if status:
                raise
            if is_transient(defect):
                error = away(defect)
            else:
                error = internal(request_id)
                self._log.exception("request_failed", path=_route(scope), update_id=request_id)
            page = asks_for_page(request)
            answer = trouble_page(request, error) if page else problem_response(request, error)
            # The layer that marks every answer lies below, and the defect has come through it.
            await answer(scope, receive, marking(sending, scope))
        finally:
            route, method = _route(scope), _method(scope)
            self._figures.requests.labels(method, route, str(status or 499)).inc()
            if not streamed:
                self._figures.seconds.labels(method, route).observe(time.perf_counter() - begun)


def _route(scope: Scope) -> str:
    """The path with the names of its parameters in the place of their values: paths are as many as cases, and may be anything."""
    if "endpoint" not in scope:
        return "(none)"
    named = {str(value): f"{{{name}}}" for name, value in scope.get("path_params", {}).items() if value}
    whole = next((value for value in named if "/" in value), None)
    path: str = scope["path"] if whole is None else scope["path"].replace(whole, named[whole])
    return "/".join(named.get(step, step) for step in path.split("/"))


def _method(scope: Scope) -> str:
    method = scope["method"]
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "(other)"
