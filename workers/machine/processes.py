"""Ending processes that are not our children."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

import psutil

_LOOK_SECONDS = 0.05


def has_ended(process: psutil.Process) -> bool:
    """Whether it does nothing any more. A dead process whose parent never asks about it stays in the list for good
    (containers whose
    first process is not an init)."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def end_all(processes: Sequence[psutil.Process], signal_number: int, patience_seconds: float) -> None:
    """Send the signal, wait, and kill those that are still there. Blocking."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal_number)
    if wait_ended(processes, patience_seconds):
        return
    for process in processes:
        if not has_ended(process):
            with contextlib.suppress(psutil.Error):
                process.kill()
    wait_ended(processes, patience_seconds)


def wait_ended(processes: Sequence[psutil.Process], patience_seconds: float) -> bool:
    """Whether all have ended, after `patience_seconds` at the latest. Blocking."""
    give_up = time.monotonic() + patience_seconds
    while not all(has_ended(process) for process in processes):
        if time.monotonic() > give_up:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
