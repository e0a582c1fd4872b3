"""The files of a log: their names as C2SP tlog-tiles gives them, and what is in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.evidence.merkle import Frontier, inclusion_proof, leaf_hash, root, verify_inclusion
from schemas.evidence.tiles import (
    Tile,
    TileError,
    TileHashes,
    Tiling,
    bundled,
    partial_tiles,
    read_entries,
    read_tile,
    unbundled,
    width_at,
)

DEEP = 256 * 256


def entry(number: int) -> bytes:
    return b"%d" % number


def written(size: int, checkpoints: list[int], algorithm: str = "sha256") -> dict[str, bytes]:
    """The files of a log that had a checkpoint at each of these sizes, taken up from its files every time."""
    files: dict[str, bytes] = {}
    before = 0
    for at in [*checkpoints, size]:
        tiling = Tiling.at(files.get, before, algorithm)
        for tile, content in tiling.extend(map(entry, range(before, at))):
            assert files.setdefault(tile.path, content) == content
        files |= {tile.path: content for tile, content in tiling.partials()}
        assert tiling.size == at
        before = at
    return files


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(1, 999, 17), "tile/1/999.p/17"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(3, 1234067), "tile/3/x001/x234/067"),
        (Tile(None, 1234067, 255), "tile/entries/x001/x234/067.p/255"),
    ],
)
def test_paths_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        *("tile/00/000", "tile/64/000", "tile/0/00", "tile/0/x000/001", "tile/0/001.p/0", "tile/0/001.p/256"),
        *(
            "tile/0/001.p/01",
            "tile/0/1000",
            "tile/entries/000.p/999",
            "tile/0/",
            "checkpoints/0000000001",
            "tile/0/٠٠٠",
        ),
    ],
)
def test_nothing_else_is_a_tile(path: str) -> None:
    assert Tile.parse(path) is None


def test_the_partial_tiles_of_the_specifications_example() -> None:
    assert list(partial_tiles(70_000)) == [Tile(None, 273, 112), Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(partial_tiles(256)) == [Tile(1, 0, 1)]
    assert not list(partial_tiles(0))
    assert [width_at(0, index, 70_000) for index in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert Tile(1, 1, 17).belongs(70_000)
    assert not Tile(1, 1, 18).belongs(70_000)
    assert Tile(None, 3).belongs(1024)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_come_apart_again(entries: list[bytes]) -> None:
    bundle = bundled(entries)
    assert unbundled(bundle) == entries
    if bundle:
        with pytest.raises(ValueError, match="cut short"):
            unbundled(bundle + b"\x00")
        with pytest.raises(ValueError, match="cut short"):
            unbundled(bundle + b"\x00\x02x")


def test_an_entry_longer_than_its_length_can_say_is_refused() -> None:
    assert unbundled(bundled([bytes(0xFFFF)])) == [bytes(0xFFFF)]
    with pytest.raises(ValueError, match="does not fit"):
        bundled([bytes(0x10000)])


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
@settings(max_examples=20)
@given(steps=st.lists(st.integers(0, 700), max_size=4))
def test_a_log_is_the_same_however_it_grew(algorithm: str, steps: list[int]) -> None:
    sizes = sorted(steps)
    size = sizes[-1] if sizes else 0
    files = written(size, sizes[:-1], algorithm)
    frontier = Frontier(algorithm)
    for number in range(size):
        frontier.append(leaf_hash(entry(number), algorithm))
    assert Tiling.at(files.get, size, algorithm).root() == frontier.root()
    for each in {*sizes, size}:
        assert (
            root(TileHashes(files.get, each, algorithm), each, algorithm)
            == Tiling.at(files.get, each, algorithm).root()
        )
    assert all((tile := Tile.parse(path)) is not None and any(tile.belongs(at) for at in sizes) for path in files)


@pytest.fixture(scope="module")
def deep() -> dict[str, bytes]:
    return written(DEEP + 300, [10, DEEP - 1])


def test_proofs_across_three_levels_of_tiles(deep: dict[str, bytes]) -> None:
    size = DEEP + 300
    assert {path for path in deep if path.startswith("tile/2")} == {"tile/2/000.p/1"}
    hash_at = TileHashes(deep.get, size)
    top = root(hash_at, size)
    assert top == Tiling.at(deep.get, size).root()
    for index in (0, 255, 256, DEEP - 1, DEEP, size - 1):
        path = inclusion_proof(hash_at, index, size)
        assert verify_inclusion(leaf_hash(entry(index)), index, size, path, top)


def test_a_partial_tile_that_was_removed_is_read_from_the_full_one(deep: dict[str, bytes]) -> None:
    fewer = {path: content for path, content in deep.items() if ".p/10" not in path}
    assert len(fewer) < len(deep)
    assert read_tile(fewer.get, 0, 0, 10) == read_tile(deep.get, 0, 0, 10)
    assert read_entries(fewer.get, 0, 10) == [entry(number) for number in range(10)]
    assert Tiling.at(fewer.get, 10).root() == Tiling.at(deep.get, 10).root()


def test_files_that_are_not_what_they_must_be_are_named() -> None:
    files = written(300, [])
    with pytest.raises(TileError, match=r"tile/0/001\.p/44: is missing") as missing:
        TileHashes(dict[str, bytes]().get, 300)(0, 299)
    assert missing.value.path == "tile/0/001.p/44"
    for broken in (files["tile/0/001.p/44"][:-1], files["tile/0/001.p/44"][:-32]):
        with pytest.raises(TileError, match="are not the hashes"):
            TileHashes((files | {"tile/0/001.p/44": broken}).get, 300)(0, 299)
    bundle = files["tile/entries/001.p/44"]
    with pytest.raises(TileError, match="cut short"):
        Tiling.at((files | {"tile/entries/001.p/44": bundle[:-1]}).get, 300)
    with pytest.raises(TileError, match="43 entries where 44"):
        Tiling.at((files | {"tile/entries/001.p/44": bundled(unbundled(bundle)[:-1])}).get, 300)
    with pytest.raises(ValueError, match="not in a tree"):
        TileHashes(files.get, 300)(3, 37)
