"""What both kinds of worker have in common."""

from __future__ import annotations

from datetime import timedelta
from importlib import metadata
from typing import Final

DRAIN: Final = timedelta(seconds=10)
"""How long a stopping worker lets its tasks end; the engine gives what is left to another."""

BUILD: Final = f"sanzhang-{metadata.version('sanzhang')}"
"""What the engine notes of the code behind a task. The SDK's own default hashes every loaded module: a third of a worker's start."""
