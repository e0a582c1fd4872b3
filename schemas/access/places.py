"""Where a request comes from, as far as it is worth telling apart."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network
from typing import Final

NOWHERE: Final = "?"
"""An address nobody understands: all of those are one place."""

HOUSEHOLD: Final = 64
"""Bits of an IPv6 address by which networks are given out; whoever has one has all addresses in it."""


def place_of(address: str) -> str:
    """The place of an address: an IPv4 address is one, and so is an IPv6 network of 64 bits. IPv4 written as IPv6 is IPv4."""
    bare = address.strip().partition("%")[0]
    try:
        return str(IPv4Address(bare))
    except AddressValueError:
        pass
    try:
        found = IPv6Address(bare)
    except AddressValueError:
        return NOWHERE
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), HOUSEHOLD), strict=False))
