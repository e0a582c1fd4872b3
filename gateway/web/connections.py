"""Connections that take their time: one whose request does not come is closed, before anything of ours has seen it.

uvicorn itself waits for ever for the head of a request, holds a head of any length, and reads on what is left of a body after its answer.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
"""Within how long the head of a request must be here, from the connection or from its first byte."""

HEAD_LIMIT = 65_536
"""Bytes of a head; browsers send one or two thousand."""

LINGER_SECONDS = 5.0
"""How long the rest of a body nobody read may still come after the answer."""


class BoundedConnection(HttpToolsProtocol):
    """One connection. Answers 408 and 431 itself, where no answer is under way."""

    head_seconds = HEAD_SECONDS
    linger_seconds = LINGER_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begins to wait for a request."""
        self._closing: asyncio.TimerHandle | None = None
        self._head = 0
        self._in_head = True
        self._in_body = False
        super().connection_made(transport)
        self._close_after(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        self._wait_on()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts the bytes of a head."""
        self._head += len(data) if self._in_head else 0
        in_head = self._in_head
        super().data_received(data)
        # What came together with the end of the head may be body.
        if in_head and self._in_head and self._head > HEAD_LIMIT:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head, self._in_body = True, True
        if self._closing is None:
            self._head = 0
            self._close_after(self.head_seconds)

    def on_headers_complete(self) -> None:
        """From here on :mod:`gateway.web.bodies` looks after the time."""
        self._wait_on()
        self._in_head, self._head = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        self._wait_on()
        self._in_head, self._in_body = True, False

    def on_response_complete(self) -> None:
        """The answer is out; whatever of the body is still to come is read by nobody."""
        super().on_response_complete()
        if self._in_body and not self._in_head:
            self._close_after(self.linger_seconds)

    def _close_after(self, seconds: float) -> None:
        self._wait_on()
        self._closing = self.loop.call_later(seconds, self._refuse, b"408 Request Timeout")

    def _wait_on(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None

    def _refuse(self, status: bytes) -> None:
        self._wait_on()
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle
        if cycle is None or (cycle.response_complete and self._in_head):
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()
