"""What becomes of a case of the demonstration, by its number alone: the same number always meets the same fate, also after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar
from zlib import crc32

T = TypeVar("T")


class Fate(StrEnum):
    """The turn a case takes. One that its case does not allow (a simple case is never declined) is passed over: the case goes straight."""

    STRAIGHT = "straight"
    CO_OFFICES = "co_offices"
    JOINT = "joint"
    AMENDED = "amended"
    RETURN_UPHELD = "return_upheld"
    RETURN_REFUSED = "return_refused"
    EXTENDED = "extended"
    NOT_EXTENDED = "not_extended"
    PAUSED = "paused"
    URGED = "urged"
    URGED_RED = "urged_red"
    NOT_REACHED = "not_reached"
    REWORKED = "reworked"
    SENT_BACK = "sent_back"
    """By the chief, who does not sign although the petitioner is satisfied."""
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"
    DECLINED = "declined"
    TRANSFERRED = "transferred"
    TRANSFER_REFUSED = "transfer_refused"
    RESTS_HELD = "rests_held"
    """Nobody has decided yet who is complained of."""
    RESTS_APPROVE = "rests_approve"
    RESTS_ASSIGN = "rests_assign"
    RESTS_SUPERVISE = "rests_supervise"
    RESTS_REVISIT = "rests_revisit"
    RESTS_SIGN_OFF = "rests_sign_off"
    RESTS_ARCHIVE = "rests_archive"


RESTING = frozenset(fate for fate in Fate if fate.startswith("rests_"))
"""Cases that stay open on purpose, so that every stage has some."""


def _fates(names: str) -> tuple[Fate, ...]:
    return tuple(Fate(name) for name in names.split())


FATES: dict[str, tuple[Fate, ...]] = {
    "S": _fates(
        "co_offices reworked urged straight paused extended joint"
        " rests_archive transfer_refused not_reached rests_revisit rests_approve return_upheld straight"
    ),
    "C": _fates(
        "straight joint reworked return_refused rests_supervise co_offices straight"
        " straight paused transferred withdrawn rests_sign_off not_extended reworked"
    ),
    "P": _fates(
        "sent_back urged_red urged co_offices straight straight declined"
        " amended rests_assign paused reworked rests_approve terminated rests_held"
    ),
}
"""By the letter of the ledger, one fate per running number, over and over."""


def fate_of(number: str) -> Fate:
    """The fate of a case number (``WC-2026-S-000003``). Cases of later rounds of the list do not rest: open cases would only pile up."""
    _, _, letter, running = number.split("-")
    fates = FATES[letter]
    at = int(running) - 1
    fate = fates[at % len(fates)]
    return Fate.STRAIGHT if fate in RESTING and at >= len(fates) else fate


def pick(options: Sequence[T], number: str, salt: str) -> T:
    """One of the options, always the same for the same case and occasion."""
    return options[crc32(f"{number}/{salt}".encode()) % len(options)]
