"""Becomes a part of the system: drops root, binds its life to its parent, then turns into the part's own
program.

Run by path, with the standard library only: ``python -I -S child.py PARENT_PID UID:GID|- SIGNAL PROGRAM
[ARGUMENT…]``.

A separate program, and not a ``preexec_fn``, because code between fork and exec may deadlock in a process
with threads. The kernel sends SIGNAL when the parent dies, however it dies: a part never outlives ``up``.
It is asked for after the change of user, which would clear it, and the parent is looked at once more
afterwards, because it may have died in between.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    parent, account, death_signal, *command = argv
    os.umask(0o077)
    if account != "-":
        uid, gid = (int(number) for number in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.Signals[death_signal]), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the parent died before its part had started")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted: the arguments are passed as they are


if __name__ == "__main__":
    main(sys.argv[1:])
