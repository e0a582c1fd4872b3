"""How much of this machine's time its host gave to others meanwhile: a virtual machine's numbers say little about what ran without it."""

from __future__ import annotations

import psutil

UNDISTURBED = 0.02
"""A share of time up to which a measurement counts as the machine's own."""


class Stolen:
    """The share of all processors' time that was stolen since it was made; 0 on a machine of one's own."""

    def __init__(self) -> None:
        self._before = psutil.cpu_times()

    @property
    def share(self) -> float:
        """From 0 to 1. What an idle processor was denied nobody counts (`man 5 proc`, "steal")."""
        passed = [after - before for before, after in zip(self._before, psutil.cpu_times(), strict=True)]
        whole = sum(passed)
        return round(passed[self._before._fields.index("steal")] / whole, 3) if whole else 0.0
