"""The data folder: fit to be used, ours alone while we run, and clear of what an earlier run left alive."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import psutil

from activities.runtime import lock_file
from schemas.kernel.errors import UserError
from workers.machine.processes import end_all

SPACE_BYTES = 200 * 1024 * 1024
MARK = "PART_OF_SANZHANG"
"""Environment variable every part carries: the data folder it serves."""


def check_folder(data_dir: Path, space_bytes: int = SPACE_BYTES) -> None:
    """Create the folder if need be; refuse with ``data_dir_unwritable`` or ``disk_full``."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir) as probe:
            probe.write(b"probe")
    except OSError as error:
        raise UserError(
            "data_dir_unwritable",
            zh=f"数据目录 {data_dir} 无法使用：{error.strerror}。请换一个目录（--data-dir）或修正其权限。",
            en=(
                f"The data folder {data_dir} cannot be used: {error.strerror}. Choose another "
                "(--data-dir) or mend its permissions."
            ),
            data_dir=str(data_dir),
            reason=error.strerror,
        ) from error
    free = shutil.disk_usage(data_dir).free
    if free < space_bytes:
        raise UserError(
            "disk_full",
            zh=(
                f"数据目录 {data_dir} 所在磁盘只剩 {free // 2**20} MB，至少需要 {space_bytes // 2**20} MB"
                "。请清理磁盘或换一个目录。"
            ),
            en=(
                f"Only {free // 2**20} MB are left for the data folder {data_dir}; {space_bytes // 2**20} "
                "MB are needed. Free some or choose another."
            ),
            data_dir=str(data_dir),
            free_bytes=free,
            needed_bytes=space_bytes,
        )


@contextlib.contextmanager
def sole_owner(data_dir: Path, patience_seconds: float = 1) -> Generator[None]:
    """Hold the folder alone; refuse with ``data_dir_in_use``. The kernel lets go when we die, however we
    die.
    """
    with lock_file(data_dir).open("a+", encoding="utf-8") as lock:
        # Whoever may read it can hold it too, and keep us from starting; where we run as root others may pass through the folder.
        os.fchmod(lock.fileno(), 0o600)
        give_up = time.monotonic() + patience_seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # Somebody who only looks whether we run holds it for a moment; another `up` holds it for good.
                if time.monotonic() > give_up:
                    lock.seek(0)
                    raise _in_use(data_dir, lock.read().strip()) from None
                time.sleep(0.05)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _in_use(data_dir: Path, owner: str) -> UserError:
    return UserError(
        "data_dir_in_use",
        zh=(
            f"数据目录 {data_dir} 已由另一个 sanzhang up（进程 {owner or '未知'}）使用。请先停止它，或用 "
            "--data-dir 换一个目录。"
        ),
        en=(
            f"The data folder {data_dir} is in use by another `sanzhang up` (process {owner or 'unknown'}"
            "). Stop it or choose another --data-dir."
        ),
        data_dir=str(data_dir),
        pid=owner,
    )


def end_orphans(data_dir: Path, patience_seconds: float = 10) -> list[int]:
    """End parts of this folder that outlived their ``up``; returns their process numbers.

    The kernel ends them with ``up`` (see `workers.machine.child`); this is for the moment they take to
    finish, and for systems where the kernel does not do so. The database clears its own
    (`workers.machine.database`).
    """
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    orphans: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid not in mine and process.environ().get(MARK) == str(data_dir):
                orphans.append(process)
    end_all(orphans, signal.SIGTERM, patience_seconds)
    return [process.pid for process in orphans]
