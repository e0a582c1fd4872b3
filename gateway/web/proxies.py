"""Whence a request comes: from who is connected, unless that is a proxy this installation trusts; then from whom that proxy names.

Of what proxies say, ``X-Forwarded-For``, ``-Proto`` and ``-Host`` are believed, and these only of a trusted one. ``Forwarded`` and ``X-Real-IP`` are
never read: a proxy that writes one kind of header hands on the others as the caller sent them.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_HOPS: Final = 16
"""Proxies behind one another; what is further left was written by the caller."""


class TrustedProxies:
    """Puts the caller in the place of the trusted proxy that hands a request on."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[Network] = ()) -> None:
        self._app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and self._trusted:
            peer = _address((scope.get("client") or ("",))[0])
            if peer is not None and self._trusts(peer):
                self._believe(scope, peer)
        await self._app(scope, receive, send)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _believe(self, scope: Scope, peer: Address) -> None:
        headers = Headers(scope=scope)
        scope["client"] = (str(self._caller(headers.getlist("x-forwarded-for"), peer)), 0)
        scheme = _last(headers.getlist("x-forwarded-proto")).lower()
        if scheme in ("http", "https"):
            scope["scheme"] = scheme
        if host := _last(headers.getlist("x-forwarded-host")):
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"] = [(b"host", host.encode("latin-1")), *others]

    def _caller(self, said: Sequence[str], peer: Address) -> Address:
        """The rightmost address that is no trusted proxy's: everything left of it was written by whoever has it."""
        caller = peer
        hops = [hop for line in said for hop in line.split(",")]
        for hop in reversed(hops[-MOST_HOPS:]):
            found = _address(hop)
            if found is None:
                return caller
            caller = found
            if not self._trusts(found):
                return caller
        return caller


def _last(said: Sequence[str]) -> str:
    return said[-1].rpartition(",")[2].strip() if said else ""


def _address(said: str) -> Address | None:
    """An address, also as some proxies write it: with a port, in brackets, IPv4 as IPv6."""
    bare = said.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
