"""Temporal payloads as the server sees them: sealed, and naming the key that opens them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from activities.keys import seal, unseal
from schemas.sealing.keys import KeyRing, Purpose, SealBrokenError

ENCODING: Final = b"binary/encrypted"
KEY_ID_FIELD: Final = "encryption-key-id"


class SealingCodec(PayloadCodec):
    """Seals every payload under the current key and opens those of any key in the ring; a payload never
    sealed passes through.

    A key the ring lacks raises ``UserError`` ``key_missing``: inside a worker that fails the task, which the
    server retries until the key is back, and nothing is lost. Altered bytes raise ``SealBrokenError``.
    """

    def __init__(self, keyring: KeyRing) -> None:
        self._keyring = keyring

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """See base class."""
        return [self._seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """See base class."""
        return [self._open(payload) for payload in payloads]

    def _seal(self, payload: Payload) -> Payload:
        key_id, sealed = seal(self._keyring, Purpose.PAYLOAD, payload.SerializeToString())
        return Payload(metadata={"encoding": ENCODING, KEY_ID_FIELD: key_id.encode()}, data=sealed)

    def _open(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        try:
            key_id = payload.metadata[KEY_ID_FIELD].decode("ascii")
        except UnicodeDecodeError:
            raise SealBrokenError("a sealed payload names no readable key") from None
        clear = unseal(self._keyring, Purpose.PAYLOAD, key_id, payload.data)
        try:
            return Payload.FromString(clear)
        except DecodeError as error:
            raise SealBrokenError(f"a payload opened under {key_id} is not a payload") from error
