"""``sanzhang-verify``: checks a dossier, a proof or a whole log with neither server nor database nor network.

Reads only the standard library, ``cryptography`` and :mod:`schemas.evidence`, so that it can be taken along and read by whoever relies on it.
"""

from __future__ import annotations

from gateway.offline.command import main

__all__ = ["main"]
