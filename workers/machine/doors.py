"""Doors of a foreign program that it cannot be told to keep shut, shut from outside.

The engine always opens an HTTP door and one for its figures. A filter on the socket that listens there lets no packet through, so that nobody
gets a connection, whoever they are. Needs Linux (5.6) and the right to look into the process, which a parent has of its child.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

_PIDFD_GETFD = 438
_ATTACH_FILTER, _LOCK_FILTER = 26, 44
_LET_NOTHING_PASS = struct.pack("HBBI", 0x06, 0, 0, 0)
"""One instruction of classic BPF: return 0, that is, keep nothing of the packet."""


class StillOpenError(RuntimeError):
    """A door could not be shut."""


def shut(pid: int, ports: Collection[int]) -> None:
    """Lets nobody connect any more to those TCP ports of the process, for as long as it lives; safe to repeat.

    ``StillOpenError`` where the system does not allow it or the process does not listen there.
    """
    if sys.platform != "linux":
        raise StillOpenError(sys.platform)
    missing = set(ports)
    try:
        for listener in _listeners(pid):
            port = listener.getsockname()[1]
            if port in missing:
                missing.discard(port)
                _shut(listener)
    except OSError as error:
        raise StillOpenError(error.strerror or str(error)) from error
    if missing:
        raise StillOpenError(f"nobody listens on {sorted(missing)}")


def _shut(listener: socket.socket) -> None:
    if listener.getsockopt(socket.SOL_SOCKET, _LOCK_FILTER):
        return  # shut before: a filter that is locked stays, and takes no other
    program = ctypes.create_string_buffer(_LET_NOTHING_PASS)
    listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))
    listener.setsockopt(socket.SOL_SOCKET, _LOCK_FILTER, 1)


def _listeners(pid: int) -> Iterator[socket.socket]:
    """The sockets of the process that listen for TCP, each a copy that is closed again when the next is asked for."""
    process = os.pidfd_open(pid)
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if not str(entry.readlink()).startswith("socket:"):
                    continue
                with socket.socket(fileno=_copied(process, int(entry.name))) as copy:
                    listens = copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                    if listens and copy.family in (socket.AF_INET, socket.AF_INET6):
                        yield copy
    finally:
        os.close(process)


def _copied(process: int, number: int) -> int:
    copy: int = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, process, number, 0)
    if copy < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return copy
