"""Nobody chooses their own address: of whom is believed only whoever the installation trusts, and of that only what it wrote itself."""

from __future__ import annotations

import os
from ipaddress import ip_network
from typing import Any

import pytest

from activities.settings import Settings
from gateway.web.proxies import TrustedProxies
from schemas.kernel.errors import UserError

TRUSTED = tuple(map(ip_network, ("10.0.0.0/24", "127.0.0.1", "2001:db8::/64")))


async def seen(
    peer: str | None, headers: dict[str, str] | list[tuple[str, str]], trusted: Any = TRUSTED
) -> tuple[str, str, str]:
    """The caller, the scheme and the host, as the application is told."""
    told: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.update(scope)

    given = list(headers.items()) if isinstance(headers, dict) else headers
    scope = {
        "type": "http",
        "client": None if peer is None else (peer, 4711),
        "scheme": "http",
        "headers": [(b"host", b"inside"), *((name.encode(), value.encode()) for name, value in given)],
    }
    await TrustedProxies(app, trusted=trusted)(scope, None, None)  # pyright: ignore[reportArgumentType]
    hosts = [value.decode() for name, value in told["headers"] if name == b"host"]
    assert len(hosts) == 1
    return "" if told["client"] is None else told["client"][0], told["scheme"], hosts[0]


@pytest.mark.parametrize("peer", ["127.0.0.1", "192.0.2.1", "::1", "10.0.1.1", None])
async def test_by_default_and_by_strangers_nothing_is_believed(peer: str | None) -> None:
    lies = {
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "elsewhere",
        "x-real-ip": "203.0.113.9",
        "forwarded": "for=203.0.113.9;proto=https;host=elsewhere",
    }
    assert await seen(peer, lies, ()) == (peer or "", "http", "inside")
    if peer != "127.0.0.1":
        assert await seen(peer, lies) == (peer or "", "http", "inside")


@pytest.mark.parametrize(
    ("said", "caller"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("10.0.0.9, 10.0.0.7", "10.0.0.9"),
        ("203.0.113.9:5555", "203.0.113.9"),
        ("[2001:db8:1::5]:5555, [2001:db8::1]", "2001:db8:1::5"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, nonsense", "10.0.0.5"),
        ("1.2.3.4, unknown, 10.0.0.7", "10.0.0.7"),
        ("", "10.0.0.5"),
        (", ".join(["6.6.6.6"] * 1_000 + ["10.0.0.7"] * 17), "10.0.0.7"),
    ],
)
async def test_the_rightmost_that_is_no_trusted_proxy_is_the_caller(said: str, caller: str) -> None:
    assert (await seen("10.0.0.5", {"x-forwarded-for": said}))[0] == caller
    assert (await seen("::ffff:10.0.0.5", {"x-forwarded-for": said}))[0] == caller


async def test_lines_are_read_in_their_order_and_other_headers_never() -> None:
    lines = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "203.0.113.9")]
    assert (await seen("10.0.0.5", lines))[0] == "203.0.113.9"
    assert (await seen("10.0.0.5", {"forwarded": "for=1.2.3.4", "x-real-ip": "1.2.3.4"}))[0] == "10.0.0.5"


async def test_scheme_and_host_are_the_proxys_own() -> None:
    said = {"x-forwarded-proto": "http, https", "x-forwarded-host": "evil.example, petitions.example"}
    assert await seen("10.0.0.5", said) == ("10.0.0.5", "https", "petitions.example")
    assert (await seen("10.0.0.5", {"x-forwarded-proto": "javascript"}))[1] == "http"


def test_the_setting() -> None:
    found = Settings.from_environment({"SANZHANG_TRUSTED_PROXIES": "10.0.0.5 192.0.2.0/24 2001:db8::/64"})
    assert [str(each) for each in found.trusted_proxies] == ["10.0.0.5/32", "192.0.2.0/24", "2001:db8::/64"]
    with pytest.raises(UserError, match="setting_invalid"):
        Settings.from_environment({"SANZHANG_TRUSTED_PROXIES": "proxy.example"})
    assert os.environ.get("FORWARDED_ALLOW_IPS") is None
