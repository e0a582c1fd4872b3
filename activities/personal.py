"""Sealing and opening personal data; nobody else turns one form into the other."""

from __future__ import annotations

import base64
import hmac

from activities.keys import seal as seal_bytes
from activities.keys import unseal
from schemas.sealing.keys import KeyRing, Purpose, SealBrokenError
from schemas.sealing.personal import (
    PersonalData,
    SealedPersonal,
    mask_address,
    mask_id,
    mask_name,
    mask_phone,
    normal_id,
    normal_phone,
)


def seal(keyring: KeyRing, data: PersonalData, *, account: str = "") -> SealedPersonal:
    """Seal under the current key. ``account`` is the petitioner's user id at the source, used for matching
    only when there is neither a telephone nor an identity number.
    """
    clear = data.model_dump_json(exclude_none=True).encode()
    key_id, sealed = seal_bytes(keyring, Purpose.PERSONAL, clear)
    return SealedPersonal(
        key_id=key_id,
        sealed=base64.b64encode(sealed).decode(),
        person=person_code(keyring, data, account=account),
        masked_name=mask_name(data.name or ""),
        masked_phone=mask_phone(data.phone or ""),
        masked_id=mask_id(data.id_number or ""),
        masked_address=mask_address(data.address or ""),
        masked_guardian=mask_name(data.guardian or ""),
        masked_guardian_phone=mask_phone(data.guardian_phone or ""),
    )


def open_(keyring: KeyRing, sealed: SealedPersonal) -> PersonalData:
    """The clear data. The caller records who asked and why, before showing it.

    Raise ``UserError`` ``key_missing`` for a key the ring lacks, ``SealBrokenError`` when the sealed bytes
    were altered.
    """
    try:
        data = base64.b64decode(sealed.sealed, validate=True)
    except ValueError:
        raise SealBrokenError(f"sealed personal under {sealed.key_id} is not base64") from None
    return PersonalData.model_validate_json(unseal(keyring, Purpose.PERSONAL, sealed.key_id, data))


def person_code(keyring: KeyRing, data: PersonalData, *, account: str = "") -> str:
    """16 hexadecimal digits equal for the same person; empty when nothing identifies one (a name alone does
    not).

    Made with the oldest key of the ring, so that it stays the same when a new current key is put in front.
    """
    identity = _identity(data, account)
    if not identity:
        return ""
    key = keyring.derived(keyring.oldest, Purpose.PERSON_MATCH)
    return hmac.new(key, identity.encode(), "sha256").hexdigest()[:16]


def _identity(data: PersonalData, account: str) -> str:
    if phone := normal_phone(data.phone or ""):
        return f"phone:{phone}"
    if id_number := normal_id(data.id_number or ""):
        return f"id:{id_number}"
    if account.strip():
        return f"account:{account.strip()}|{data.name or ''}"
    return ""
