"""What runs on one machine, by the cores it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.machine.up import Plan, programs


@pytest.mark.parametrize(("cores", "carrying"), [(1, 1), (2, 1), (3, 1), (4, 2), (64, 2)])
def test_a_second_process_carries_petitions_where_there_is_room_for_it(cores: int, carrying: int) -> None:
    names = [program.name for program in programs(cores)]
    assert sum(name.startswith("worker-petitions") for name in names) == carrying
    assert len(set(names)) == len(names)
    assert {"worker-petitions", "worker-notices", "worker-evidence", "gateway"} <= set(names)


def test_a_plan_runs_what_belongs_on_this_machine(tmp_path: Path) -> None:
    assert tuple(Plan(tmp_path).programs) == programs()
