"""The runtime file: written whole, private, believed only while its writer lives."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from activities.runtime import (
    DEFAULT_FOLDER,
    Runtime,
    data_folder,
    find_system,
    is_running,
    lock_file,
    remove_runtime,
    runtime_file,
    write_runtime,
)
from schemas.kernel.errors import UserError

RUNTIME = Runtime(
    temporal="127.0.0.1:7233",
    namespace="sanzhang",
    ui="http://127.0.0.1:8233",
    database_dsn="postgresql+asyncpg://postgres@/sanzhang?host=/tmp/x",
    pids={"up": 1, "engine": 2},
    started_at=datetime(2026, 1, 5, 1, 0, tzinfo=UTC),
)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    """A data folder with a living `up`: one whose lock is held."""
    with lock_file(tmp_path).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield tmp_path


def test_what_is_written_is_found(held: Path) -> None:
    write_runtime(held, RUNTIME)
    assert find_system(held, {}) == RUNTIME
    assert find_system(None, {"SANZHANG_DATA_DIR": str(held)}) == RUNTIME
    assert set(json.loads(runtime_file(held).read_text())) == set(Runtime.model_fields)


def test_it_is_private_and_leaves_no_scraps(held: Path) -> None:
    write_runtime(held, RUNTIME)
    write_runtime(held, RUNTIME)
    assert stat.S_IMODE(runtime_file(held).stat().st_mode) == 0o600
    assert sorted(path.name for path in held.iterdir()) == ["runtime.json", "up.lock"]
    remove_runtime(held)
    remove_runtime(held)


def test_a_file_left_by_a_killed_up_is_not_believed(tmp_path: Path) -> None:
    write_runtime(tmp_path, RUNTIME)
    lock_file(tmp_path).write_text(str(os.getpid()))
    assert not is_running(tmp_path)
    with pytest.raises(UserError) as caught:
        find_system(tmp_path, {})
    assert caught.value.code == "system_not_running"
    assert str(tmp_path) in caught.value.zh


def test_looking_does_not_disturb_those_who_look(held: Path) -> None:
    assert is_running(held)
    assert is_running(held)


def test_nothing_there_is_not_running(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match="system_not_running"):
            find_system(folder, {})


def test_still_starting_is_not_running(held: Path) -> None:
    with pytest.raises(UserError, match="system_not_running"):
        find_system(held, {})


def test_a_damaged_file_is_named(held: Path) -> None:
    runtime_file(held).write_text('{"temporal": 1')
    with pytest.raises(UserError) as caught:
        find_system(held, {})
    assert caught.value.code == "runtime_unreadable"
    assert str(runtime_file(held)) in caught.value.en


def test_a_folder_in_place_of_the_file_is_named(held: Path) -> None:
    runtime_file(held).mkdir()
    with pytest.raises(UserError, match="runtime_unreadable"):
        find_system(held, {})


def test_a_system_elsewhere_is_named_by_the_environment(held: Path) -> None:
    elsewhere = {"SANZHANG_TEMPORAL": "engine:7233", "SANZHANG_DATABASE_DSN": "postgresql://db/sanzhang"}
    found = find_system(None, elsewhere)
    assert (found.temporal, found.database_dsn, found.namespace) == (*elsewhere.values(), "sanzhang")
    write_runtime(held, RUNTIME)
    assert find_system(held, elsewhere) == RUNTIME


def test_the_folder_is_the_given_the_named_or_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert data_folder(Path("a"), {"SANZHANG_DATA_DIR": "b"}) == tmp_path / "a"
    assert data_folder(None, {"SANZHANG_DATA_DIR": "b"}) == tmp_path / "b"
    assert data_folder(None, {"SANZHANG_DATA_DIR": ""}) == tmp_path / DEFAULT_FOLDER
