"""What a reading process may be given in a test; importable from the process itself."""

from __future__ import annotations

import os
import signal
import time


def asleep(*_: object) -> None:
    """Does not come to an end in any time that a text is given."""
    time.sleep(60)


def dies(*_: object) -> None:
    """As if the machine had taken the process's memory."""
    os.kill(os.getpid(), signal.SIGKILL)
