"""A key ring for tests, so that what one seals another opens."""

from __future__ import annotations

from typing import Final

from schemas.sealing.keys import KeyRing

RING: Final = KeyRing([("k1", bytes(range(32)))])
