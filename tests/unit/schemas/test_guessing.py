"""Waits and delays of whoever guesses, and what counts as one place."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as some

from schemas.access import guessing as rule
from schemas.access import place_of

COUNTS = some.integers(0, 10**6)


@given(COUNTS, some.booleans(), some.booleans())
def test_a_wait_never_shrinks_nor_passes_its_longest(failures: int, known: bool, besieged: bool) -> None:
    here = rule.wait_here(failures, known=known, besieged=besieged)
    assert here <= rule.wait_here(failures + 1, known=known, besieged=besieged)
    assert here <= (rule.LONGEST_WAIT_KNOWN if known else rule.LONGEST_WAIT)
    tries = rule.TRIES_BESIEGED if besieged and not known else rule.TRIES
    assert (here > timedelta()) is (failures >= tries)


@given(COUNTS)
def test_a_siege_only_ever_delays(failures: int) -> None:
    assert 0 <= rule.delay(failures) <= rule.delay(failures + 1) <= rule.LONGEST_DELAY
    assert (rule.delay(failures) > 0) is rule.is_besieged(failures)
    assert (rule.wait_at_place(failures) > timedelta()) is (failures >= rule.PLACE_TRIES)


@given(some.ip_addresses(v=4))
def test_an_ipv4_address_is_a_place_however_it_is_written(address: IPv4Address) -> None:
    assert place_of(str(address)) == place_of(f"::ffff:{address}") == place_of(f" {address} ") == str(address)


@given(some.ip_addresses(v=6), some.integers(0, 2**64 - 1))
def test_an_ipv6_network_is_one_place(address: IPv6Address, host: int) -> None:
    if address.ipv4_mapped is not None:
        return
    beside = IPv6Address((int(address) >> 64 << 64) | host)
    assert beside.ipv4_mapped is not None or place_of(str(address)) == place_of(str(beside))
    beyond = IPv6Address(int(address) ^ (1 << 64))
    assert beyond.ipv4_mapped is not None or place_of(str(address)) != place_of(str(beyond))
    assert place_of(f"{address}%eth0") == place_of(str(address))


def test_what_is_no_address_is_one_place() -> None:
    assert place_of("") == place_of("unix:") == place_of("x" * 1000) == "?"
