"""Which way the first cases behind a number are looked for: the one that reads the least."""

from __future__ import annotations

import pytest

from activities.board.listing import GATHERED, Way, way_of


@pytest.mark.parametrize(
    ("received", "count", "profiles", "owed", "way"),
    [
        (GATHERED, GATHERED, 480, False, Way.GATHERED),
        (100_000, 100_000, 480, False, Way.WALKED),
        (100_000, 30_000, 150, False, Way.WALKED),
        (100_000, 100_000, 12, False, Way.MERGED),
        (100_000, 200, 20, False, Way.MERGED),
        # Those owed are listed by what they owe, which the newest cases say nothing about.
        (100_000, 100_000, 480, True, Way.MERGED),
    ],
)
def test_the_way(received: int, count: int, profiles: int, owed: bool, way: Way) -> None:
    assert way_of(received=received, count=count, profiles=profiles, owed=owed) is way
