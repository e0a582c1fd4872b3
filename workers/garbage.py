"""How a process that serves looks for garbage: seldom, and not among what stays."""

from __future__ import annotations

import gc

ALLOCATIONS = 20_000
"""Objects made and not let go between two looks at the youngest. At Python's 700 a twentieth of a petition worker's time went into looking."""

LOOKS_OF_A_DOOR = 20
"""What a door makes for a question is let go with its answer; a full look holds up whoever asks."""

LOOKS_OF_A_WORKER = 1
"""A case that leaves a worker's cache has grown old there and goes as a ring of references that only a full look finds: with 20
looks between, 12 kB a case stood about until the 4,000th. Python itself puts a full look off until a quarter as much has grown old as stays."""


def collect_seldom(looks: int) -> None:
    """To be called when the process begins to serve: what stands then stands until its end and is not looked through again.

    A look through all modules of the gateway takes 140 ms, during which nobody is answered. ``looks`` are those at younger
    objects between two at the next older.
    """
    gc.collect()
    gc.freeze()
    # So that what was frozen no longer counts as what stays when Python asks whether a full look is due.
    gc.collect()
    gc.set_threshold(ALLOCATIONS, looks, looks)
