"""Ports: found free, the same at every start, and refused by name when they cannot be had."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from schemas.kernel.errors import UserError
from workers.machine.ports import HOST, Ports, choose_ports


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    server = socket.socket()
    server.bind((HOST, 0))
    server.listen()
    yield server
    server.close()


def test_the_same_folder_gets_the_same_ports_and_another_folder_others(tmp_path: Path) -> None:
    first = choose_ports(None, tmp_path / "三本账")
    assert choose_ports(None, tmp_path / "三本账") == first
    assert choose_ports(None, tmp_path / "other") != first
    assert max(astuple(first)) < 32_768


def test_taken_ports_are_passed_over(tmp_path: Path) -> None:
    first = choose_ports(None, tmp_path)
    with socket.socket() as server:
        server.bind((HOST, first.http))
        server.listen()
        assert not set(astuple(choose_ports(None, tmp_path))) & set(astuple(first))


@pytest.mark.parametrize("offset", range(5))
def test_an_occupied_port_is_named(listener: socket.socket, offset: int, tmp_path: Path) -> None:
    port = listener.getsockname()[1]
    with pytest.raises(UserError) as caught:
        choose_ports(port - offset, tmp_path)
    assert caught.value.code == "port_in_use"
    assert caught.value.facts["port"] <= port
    assert str(caught.value.facts["port"]) in caught.value.zh
    assert "--port-base" in caught.value.en


@pytest.mark.parametrize("base", [-1, 0, 80, 1023, 65_532, 70_000])
def test_a_base_without_room_is_refused(base: int, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="port_out_of_range"):
        choose_ports(base, tmp_path)


def test_a_free_base_is_taken_in_order(tmp_path: Path) -> None:
    base = choose_ports(None, tmp_path).engine
    assert choose_ports(base, tmp_path) == Ports(base, base + 1, base + 2, base + 3, base + 4)
