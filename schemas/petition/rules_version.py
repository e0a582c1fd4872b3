"""By which rules a case is decided: the release whose reading of the domain it was filed under, pinned in its first event.

A decision that comes out otherwise from some release on asks :func:`in_force`; so an old history replays, and an old case goes on as it was
promised. Only what makes secrecy stricter holds for every case at once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

FIRST_RULES: Final = "0.1.0"
"""Of a case that names none."""

ACCUSER_SAFE: Final = "0.2.0"
"""From here on a text is read for whom it complains of: filed above them, decided by a person, conflicts checked both ways at a merge."""

CURRENT_RULES: Final = ACCUSER_SAFE
"""What a case filed or reopened by this release pins."""


@lru_cache(maxsize=64)
def in_force(pinned: str, since: str) -> bool:
    """Whether a case that pins ``pinned`` is decided by the rules introduced with the release ``since``."""
    return _parts(pinned) >= _parts(since)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
