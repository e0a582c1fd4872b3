"""The ports of one system, all on 127.0.0.1: five in a row, given by the operator or found free."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from dataclasses import astuple, dataclass
from pathlib import Path

from schemas.kernel.errors import UserError

HOST = "127.0.0.1"
# Below the range Linux hands out for outgoing connections (32768 and up): a port there may be taken while
# its part restarts.
_FIRST, _BLOCKS, _STEP = 20_000, 1_200, 10
_LOWEST, _HIGHEST = 1_024, 65_535


@dataclass(frozen=True)
class Ports:
    """Engine (gRPC), its screen, its figures, its HTTP door, and our own gateway."""

    engine: int
    ui: int
    metrics: int
    http: int
    gateway: int

    @classmethod
    def from_base(cls, base: int) -> Ports:
        return cls(*range(base, base + 5))


def choose_ports(port_base: int | None, data_dir: Path) -> Ports:
    """The five ports from `port_base` on, or the first free five from a place that depends on the data
    folder only.

    The same folder gets the same addresses at every start, as long as nobody else takes them. Refuses with
    ``port_out_of_range``, ``port_in_use`` or ``port_not_allowed``.
    """
    if port_base is not None:
        return _given(port_base)
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).digest()
    start = int.from_bytes(digest[:4], "big") % _BLOCKS
    for step in range(_BLOCKS):
        ports = Ports.from_base(_FIRST + (start + step) % _BLOCKS * _STEP)
        if all(_trouble(port) is None for port in astuple(ports)):
            return ports
    raise UserError(
        "no_free_port",
        zh=f"{HOST} 上找不到五个连续的空闲端口。请用 --port-base 指定。",
        en=f"No five free ports in a row were found on {HOST}. Name them with --port-base.",
    )


def _given(base: int) -> Ports:
    if not _LOWEST <= base <= _HIGHEST - 4:
        raise UserError(
            "port_out_of_range",
            zh=f"端口起点 {base} 不可用：须在 {_LOWEST} 到 {_HIGHEST - 4} 之间（系统使用连续五个端口）。",
            en=f"Port base {base} cannot be used: choose {_LOWEST} to {_HIGHEST - 4} (five ports in a row are used).",
            port=base,
        )
    ports = Ports.from_base(base)
    for port in astuple(ports):
        trouble = _trouble(port)
        if trouble == errno.EADDRINUSE:
            raise UserError(
                "port_in_use",
                zh=f"端口 {port} 已被其他程序占用。请停止该程序，或用 --port-base 换一个起点；不指定则自动选择。",
                en=(
                    f"Port {port} is in use by another program. Stop it, choose another --port-base, or "
                    "leave it out to have free ports found."
                ),
                port=port,
                port_base=base,
            )
        if trouble is not None:
            raise UserError(
                "port_not_allowed",
                zh=f"端口 {port} 不能使用：{os.strerror(trouble)}。请用 --port-base 换一个起点。",
                en=f"Port {port} cannot be used: {os.strerror(trouble)}. Choose another --port-base.",
                port=port,
                port_base=base,
            )
    return ports


def _trouble(port: int) -> int | None:
    """The error number a server would meet on `port`; None when it is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        # As servers do it: connections that are still closing do not count as occupied.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((HOST, port))
        except OSError as error:
            return error.errno or errno.EADDRINUSE
    return None
