"""The key ring: order, derivation, and refusals that never quote a key."""

from __future__ import annotations

import base64
import pickle

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.kernel.errors import UserError
from schemas.sealing.keys import KeyRing, Purpose

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def test_the_first_key_is_current_and_the_last_the_oldest() -> None:
    ring = KeyRing.parse(f" k2:{encoded(NEW)} , k1:{encoded(OLD)}")
    assert (ring.current, ring.oldest, ring.ids) == ("k2", "k1", ("k2", "k1"))


def test_url_safe_base64_is_read_too() -> None:
    key = b"\xff" * 32
    ring = KeyRing.parse("k1:" + base64.urlsafe_b64encode(key).decode())
    assert ring.derived("k1", Purpose.PAYLOAD) == KeyRing([("k1", key)]).derived("k1", Purpose.PAYLOAD)


def test_every_purpose_and_every_root_has_its_own_key() -> None:
    ring = KeyRing([("k2", NEW), ("k1", OLD)])
    derived = {ring.derived(key_id, purpose) for key_id in ring.ids for purpose in Purpose}
    assert len(derived) == 2 * len(Purpose)
    assert all(len(key) == 32 for key in derived)
    assert not derived & {OLD, NEW}


def test_the_derivation_never_changes() -> None:
    # what is sealed today must open in ten years: the construction is spelled out here a second time
    expected = HKDF(SHA256(), 32, salt=None, info=b"sanzhang/payload/1").derive(OLD)
    assert KeyRing([("k1", OLD)]).derived("k1", Purpose.PAYLOAD) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        f"K1:{encoded(OLD)}",
        f"{'k' * 17}:{encoded(OLD)}",
        f":{encoded(OLD)}",
        f"k1:{encoded(OLD)},k1:{encoded(NEW)}",
        f"k1:{encoded(OLD[:16])}",
        f"k1:{encoded(OLD)[:-2]}!!",
        "k1:钥匙",
        f"Ｋ:{encoded(OLD)[:-2]}!!",
    ],
)
def test_malformed_rings_are_refused_without_quoting_them(text: str) -> None:
    with pytest.raises(UserError) as refused:
        KeyRing.parse(text)
    assert refused.value.code == "key_malformed"
    said = f"{refused.value.as_dict()}"
    assert encoded(OLD)[:20] not in said


def test_an_empty_ring_is_refused() -> None:
    with pytest.raises(UserError, match="key_malformed"):
        KeyRing([])


def test_a_key_that_is_not_held_is_named() -> None:
    with pytest.raises(UserError) as refused:
        KeyRing([("k2", NEW)]).derived("k1", Purpose.PERSONAL)
    assert refused.value.code == "key_missing"
    assert refused.value.facts == {"key_id": "k1", "held": ["k2"]}
    assert "k1" in refused.value.zh
    assert "k1" in refused.value.en


def test_the_ring_shows_and_gives_away_nothing() -> None:
    ring = KeyRing([("k1", OLD)])
    assert repr(ring) == "KeyRing(k1)"
    with pytest.raises(TypeError):
        pickle.dumps(ring)
