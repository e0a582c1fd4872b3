"""A worker does not keep what its cache let go."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Generator

import pytest

from workers.garbage import LOOKS_OF_A_DOOR, LOOKS_OF_A_WORKER, collect_seldom

CACHED = 50
CASES = 6_000
MOST_STANDING = 450
"""Cases that may stand at once: those of the cache and two looks' worth, each of 200 cases. With two looks between it would be 500."""


class Case:
    """As the SDK's instance of a workflow: a ring of a hundred objects, which counting references does not let go."""

    standing = 0

    def __init__(self) -> None:
        Case.standing += 1
        self.parts: list[list[object]] = [[self] for _ in range(100)]

    def __del__(self) -> None:
        Case.standing -= 1


@pytest.fixture
def collector() -> Generator[None]:
    thresholds = gc.get_threshold()
    Case.standing = 0
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    gc.collect()


def most_standing() -> int:
    cache: deque[Case] = deque(maxlen=CACHED)
    most = 0
    for _ in range(CASES):
        cache.append(Case())
        most = max(most, Case.standing)
    return most


@pytest.mark.usefixtures("collector")
def test_evicted_cases_are_let_go() -> None:
    collect_seldom(LOOKS_OF_A_WORKER)
    assert gc.get_freeze_count() > 0
    assert most_standing() <= MOST_STANDING


@pytest.mark.usefixtures("collector")
def test_with_the_looks_of_a_door_they_would_stand_about() -> None:
    collect_seldom(LOOKS_OF_A_DOOR)
    assert most_standing() > MOST_STANDING
