"""A way to the outside: Apprise, a webhook. What every one of them takes and answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from schemas.kernel.actor import Role
from schemas.kernel.model import Frozen


class OutgoingNotification(Frozen):
    """A notice with its addressees. Without personal data: people by their ids, the case by its number."""

    id: str
    case_number: str
    kind: str
    unit: str
    unit_name: str
    role: Role
    people: tuple[str, ...]
    zh: str
    en: str
    created_at: datetime


class Delivery(Frozen):
    """What came of one parcel. ``final``: it failed and no repetition will help. ``error`` may be shown and logged: a kind of failure, never an
    address or an answer's text."""

    delivered: bool
    final: bool = False
    error: str = ""


DELIVERED = Delivery(delivered=True)


def failed(error: str, *, final: bool = False) -> Delivery:
    """A parcel that did not arrive."""
    return Delivery(delivered=False, final=final, error=error)


class Transport(Protocol):
    """Delivers at least once: a parcel whose delivery could not be recorded comes again under the same id."""

    @property
    def name(self) -> str:
        """Stable over restarts, unique, and no secret: deliveries are recorded under it."""
        ...

    async def deliver(self, batch: Sequence[OutgoingNotification]) -> Mapping[str, Delivery]:
        """By parcel id; a parcel without an answer counts as failed."""
        ...


def transport_name(kind: str, address: str) -> str:
    """A name from an address that doesn't give the address away: addresses hold tokens."""
    return f"{kind}:{hashlib.sha256(address.encode()).hexdigest()[:12]}"
