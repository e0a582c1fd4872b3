"""The data folder: fit, ours alone, and clear of leftovers."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from activities.runtime import is_running
from schemas.kernel.errors import UserError
from workers.machine.account import Account, open_path, open_tree
from workers.machine.folder import MARK, check_folder, end_orphans, sole_owner
from workers.machine.processes import has_ended, wait_ended


def test_a_folder_is_made_private(tmp_path: Path) -> None:
    check_folder(tmp_path / "a b" / "三本账")
    assert stat.S_IMODE((tmp_path / "a b" / "三本账").stat().st_mode) == 0o700
    assert list((tmp_path / "a b" / "三本账").iterdir()) == []


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_is_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(UserError) as caught:
        check_folder(tmp_path / name)
    assert caught.value.code == "data_dir_unwritable"
    assert str(tmp_path / name) in caught.value.zh


def test_where_nobody_may_write_is_refused() -> None:
    with pytest.raises(UserError, match="data_dir_unwritable"):
        check_folder(Path("/proc/sanzhang"))


def test_a_full_disk_is_refused_with_numbers(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        check_folder(tmp_path, space_bytes=2**60)
    assert caught.value.code == "disk_full"
    assert caught.value.facts["free_bytes"] < caught.value.facts["needed_bytes"]


def test_a_second_owner_is_refused_by_name_and_may_come_later(tmp_path: Path) -> None:
    with sole_owner(tmp_path):
        assert is_running(tmp_path)
        with pytest.raises(UserError) as caught, sole_owner(tmp_path, patience_seconds=0):
            pass
        assert caught.value.code == "data_dir_in_use"
        assert caught.value.facts["pid"] == str(os.getpid())
    assert not is_running(tmp_path)
    with sole_owner(tmp_path):
        pass


def test_parts_of_this_folder_are_ended_and_no_others(tmp_path: Path) -> None:
    # one that ignores the polite signal, too
    stubborn = ["/bin/sh", "-c", "trap '' TERM; echo on; read _"]
    ours = subprocess.Popen(
        stubborn, env={MARK: str(tmp_path)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    others = subprocess.Popen(
        stubborn, env={MARK: str(tmp_path / "x")}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with ours, others:
        assert ours.stdout is not None
        assert others.stdout is not None
        assert ours.stdout.readline() == others.stdout.readline() == "on\n"
        assert end_orphans(tmp_path, patience_seconds=0.2) == [ours.pid]
        assert has_ended(psutil.Process(ours.pid))
        assert others.poll() is None
        others.kill()


def test_a_part_dies_with_its_parent(tmp_path: Path) -> None:
    child = Path(sys.modules["workers.machine"].__path__[0]) / "child.py"
    parent = f"""
import os, subprocess, sys, signal
part = subprocess.Popen([sys.executable, "-I", "-S", {str(child)!r}, str(os.getpid()), "-", "SIGTERM",
                         "/bin/sh", "-c", "echo $$; exec sleep 60"])
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        part = psutil.Process(int(process.stdout.readline()))
        process.kill()
        assert wait_ended([part], patience_seconds=10)


STRANGER = Account(uid=54_321, gid=54_321)


def test_closed_folders_are_opened_for_passing_only(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    target = closed / "open" / "program"
    target.parent.mkdir(mode=0o755)
    target.write_text("")
    assert closed in open_path(target, STRANGER)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o701
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o755
    assert open_path(target, STRANGER) == []


def test_a_tree_is_opened_for_reading_and_running(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir(mode=0o700)
    program, data = tmp_path / "bin" / "program", tmp_path / "bin" / "data"
    for file, mode in {program: 0o700, data: 0o600}.items():
        file.write_text("")
        file.chmod(mode)
    open_tree(tmp_path, STRANGER)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "bin", program, data)] == [0o705, 0o705, 0o604]
