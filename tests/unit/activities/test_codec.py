"""The codec: everything sealed, any key of the ring opened, nothing altered accepted."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from activities.codec import ENCODING, KEY_ID_FIELD, SealingCodec
from activities.converter import data_converter
from activities.keys import seal
from schemas.kernel.errors import UserError
from schemas.sealing.keys import KeyRing, Purpose, SealBrokenError

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
RING = KeyRing([("k1", OLD)])
ROTATED = KeyRing([("k2", NEW), ("k1", OLD)])
CLEAR = "张三丰 13800001234"

payloads = st.builds(
    Payload,
    metadata=st.dictionaries(st.text("abc-", min_size=1, max_size=8), st.binary(max_size=8), max_size=3),
    data=st.binary(max_size=300),
)


@given(st.lists(payloads, max_size=4))
async def test_every_payload_is_sealed_and_opens_again(given_payloads: list[Payload]) -> None:
    codec = SealingCodec(RING)
    sealed = await codec.encode(given_payloads)
    assert all(payload.metadata["encoding"] == ENCODING for payload in sealed)
    assert await codec.decode(sealed) == given_payloads
    assert await SealingCodec(ROTATED).decode(sealed) == given_payloads


# {"name":"张三丰"}, sealed by release 0.2.0 under the key k1 of this file.
SEALED_BY_0_2_0 = base64.b64decode(
    "+FhFWNonhhA9DIi9k2UYTAwTGV0b3COLkMomBpOtlTPEKCrlYUlhfI3hWckg3Jj5+nQRvYKIiL5LTKxj823kQgsA3mV3ByNeRQU="
)


async def test_what_an_earlier_release_has_sealed_still_opens() -> None:
    """The engine keeps histories for years: neither the names in them nor the way they are sealed may change."""
    stored = Payload(
        metadata={"encoding": b"binary/encrypted", "encryption-key-id": b"k1"},
        data=SEALED_BY_0_2_0,
    )
    for ring in (RING, ROTATED):
        [opened] = await SealingCodec(ring).decode([stored])
        assert opened == Payload(metadata={"encoding": b"json/plain"}, data='{"name":"张三丰"}'.encode())
    [sealed] = await SealingCodec(RING).encode([opened])
    assert dict(sealed.metadata) == dict(stored.metadata)


async def test_what_is_sealed_shows_nothing_but_the_key_id() -> None:
    [sealed] = await SealingCodec(ROTATED).encode([Payload(metadata={"m": b"meta"}, data=CLEAR.encode())])
    assert dict(sealed.metadata) == {"encoding": ENCODING, KEY_ID_FIELD: b"k2"}
    assert CLEAR.encode() not in sealed.SerializeToString()
    assert b"meta" not in sealed.SerializeToString()


async def test_sealing_twice_opens_in_two_steps() -> None:
    codec = SealingCodec(RING)
    once = await codec.encode([Payload(data=b"x")])
    twice = await codec.encode(once)
    assert await codec.decode(twice) == once


async def test_plain_payloads_pass_through() -> None:
    plain = [Payload(metadata={"encoding": b"json/plain"}, data=b"{}"), Payload()]
    assert await SealingCodec(RING).decode(plain) == plain


async def test_a_key_that_is_not_held_is_an_error_a_task_is_retried_for() -> None:
    sealed = await SealingCodec(ROTATED).encode([Payload(data=b"x")])
    with pytest.raises(UserError) as missing:
        await SealingCodec(RING).decode(sealed)
    assert missing.value.code == "key_missing"
    assert missing.value.facts["key_id"] == "k2"
    failure = Failure()
    await DataConverter.default.encode_failure(missing.value, failure)
    assert not failure.application_failure_info.non_retryable


async def test_altered_payloads_are_refused() -> None:
    [sealed] = await SealingCodec(ROTATED).encode([Payload(data=b"x")])
    for change in ({"data": sealed.data[:-1] + b"\x00"}, {"data": sealed.data[:5]}, {"data": b""}):
        altered = Payload(metadata=sealed.metadata, data=change["data"])
        with pytest.raises(SealBrokenError):
            await SealingCodec(ROTATED).decode([altered])
    relabelled = Payload(metadata={"encoding": ENCODING, KEY_ID_FIELD: b"k1"}, data=sealed.data)
    with pytest.raises(SealBrokenError):
        await SealingCodec(ROTATED).decode([relabelled])


async def test_a_seal_made_for_something_else_is_refused() -> None:
    _, personal = seal(RING, Purpose.PERSONAL, Payload(data=b"x").SerializeToString())
    stolen = Payload(metadata={"encoding": ENCODING, KEY_ID_FIELD: b"k1"}, data=personal)
    with pytest.raises(SealBrokenError):
        await SealingCodec(RING).decode([stolen])


async def test_a_seal_that_names_no_readable_key_is_refused() -> None:
    with pytest.raises(SealBrokenError):
        await SealingCodec(RING).decode([Payload(metadata={"encoding": ENCODING, KEY_ID_FIELD: b"\xff"})])
    with pytest.raises(UserError, match="key_missing"):
        await SealingCodec(RING).decode([Payload(metadata={"encoding": ENCODING})])


async def test_sealed_bytes_that_are_no_payload_are_refused() -> None:
    _, sealed = seal(RING, Purpose.PAYLOAD, b"\xff\xff")
    with pytest.raises(SealBrokenError):
        await SealingCodec(RING).decode([Payload(metadata={"encoding": ENCODING, KEY_ID_FIELD: b"k1"}, data=sealed)])


async def test_failures_are_sealed_with_their_causes_and_details_and_open_after_rotation() -> None:
    failure = Failure()
    try:
        try:
            raise ValueError(f"cause {CLEAR}")
        except ValueError as cause:
            raise ApplicationError(f"message {CLEAR}", {"detail": CLEAR}, type="Refused") from cause
    except ApplicationError as error:
        await data_converter(RING).encode_failure(error, failure)
    assert failure.message == "Encoded failure"
    wire = failure.SerializeToString()
    for word in CLEAR.split():
        assert word.encode() not in wire
    assert failure.application_failure_info.type == "Refused"
    opened = await data_converter(ROTATED).decode_failure(failure)
    assert isinstance(opened, ApplicationError)
    assert opened.message == f"message {CLEAR}"
    assert opened.details == ({"detail": CLEAR},)
    assert CLEAR in str(opened.__cause__)
