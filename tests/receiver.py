"""A receiver of webhooks on this machine, as a petition office's own system might be: verifies signatures and keeps what it has not had yet."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"


@dataclass
class Receiver:
    """``asked``: ids in the order they came; ``kept``: bodies by id. ``status``: what it answers. ``forged``: requests not signed with our secret."""

    port: int = 0
    status: int = 204
    asked: list[str] = field(default_factory=list[str])
    kept: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    plain: list[str] = field(default_factory=list[str])
    forged: int = 0
    down: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/notices"

    def of(self, number: str) -> list[str]:
        return [notice for notice in self.asked if notice.startswith(f"{number}:")]

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"])).decode()
        if self.down:
            # as a machine that dies in the middle of a request: the connection ends without an answer
            handler.close_connection = True
            return
        if "webhook-id" in handler.headers:
            self.take_signed(dict(handler.headers), body)
        elif self.status < 300:
            self.plain.append(json.loads(body)["message"])
        handler.send_response(self.status)
        handler.send_header("content-length", "0")
        handler.end_headers()

    def take_signed(self, headers: dict[str, str], body: str) -> None:
        notice = headers["webhook-id"]
        self.asked.append(notice)
        try:
            content = Webhook(SECRET).verify(body, headers)
        except (WebhookVerificationError, ValueError):
            self.forged += 1
            return
        if self.status < 300:
            self.kept.setdefault(notice, content)


@contextmanager
def receiving() -> Generator[Receiver]:
    """A running receiver."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.take(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
