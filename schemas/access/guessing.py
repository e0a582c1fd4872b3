"""How whoever guesses at passwords is slowed down, without the owner of the account being kept out.

Failures are counted three times: per account and origin, per place over all accounts, and per account over all origins that are strange to it. An
origin is the browser that bears the mark of an earlier sign-in to that account, or else the place a request comes from. Where an account has been
signed in to lately is known to it: there only its own count matters, so that nobody elsewhere slows down its owner.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

TRIES: Final = 5
"""Wrong passwords for one account from one origin, after which it waits, longer each time."""
TRIES_BESIEGED: Final = 2
"""The same from a strange place while the account is being guessed at from many."""

FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=1)
LONGEST_WAIT_KNOWN: Final = timedelta(minutes=15)
"""Where the account is known it is most likely the owner who mistypes."""

PLACE_TRIES: Final = 30
"""Wrong passwords from one strange place, whatever the accounts, within an hour; then one a minute."""
PLACE_WAIT: Final = timedelta(minutes=1)

BESIEGED: Final = 20
"""Wrong passwords for one account from strange places within an hour, from which on strange places are answered later and later."""
FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 8.0
"""Seconds. It is only ever a delay: the owner may be at a strange place too, and gets in with the right password."""

WINDOW: Final = timedelta(hours=1)
"""Counts of a place and of an account begin anew after so long."""
FORGOTTEN: Final = timedelta(days=1)
"""The count of an account and origin begins anew when nothing has come for so long."""
KNOWN_FOR: Final = timedelta(days=90)
"""How long an origin is known after a sign-in."""


def wait_here(failures: int, *, known: bool, besieged: bool) -> timedelta:
    """How long an account and origin with so many failures in a row wait before the next attempt."""
    tries = TRIES if known or not besieged else TRIES_BESIEGED
    if failures < tries:
        return timedelta()
    longest = LONGEST_WAIT_KNOWN if known else LONGEST_WAIT
    # The exponent is bounded before the power is taken.
    return min(FIRST_WAIT * 2 ** min(failures - tries, 10), longest)


def wait_at_place(failures: int) -> timedelta:
    """How long a strange place with so many failures in the window waits."""
    return PLACE_WAIT if failures >= PLACE_TRIES else timedelta()


def is_besieged(failures: int) -> bool:
    """Whether an account with so many failures from strange places is being guessed at from many."""
    return failures >= BESIEGED


def delay(failures: int) -> float:
    """Seconds by which a strange place's attempt is answered later, for an account with so many failures from strange places."""
    if not is_besieged(failures):
        return 0.0
    return min(FIRST_DELAY * 2 ** min((failures - BESIEGED) // BESIEGED, 10), LONGEST_DELAY)
