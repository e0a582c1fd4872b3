"""A log as files (C2SP tlog-tiles, c2sp.org/tlog-tiles): where each hash and each entry lies, and how the files grow with the tree.

A tile holds up to 256 hashes of one height; level 0 the leaf hashes, each level above the roots of full tiles below. An entry bundle holds
the leaves themselves. A file once written never changes: a tile that is not full yet has its width in its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from schemas.evidence.merkle import LEAF, NODE, empty_root, hashing

WIDTH: Final = 256
_HEIGHT: Final = 8
_HASH: Final = 32
_LEVELS: Final = 64
_LONGEST_ENTRY: Final = 0xFFFF
_PATH: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9]\d?)/(?P<index>(?:x\d{3}/)*\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?", re.ASCII
)

Read = Callable[[str], bytes | None]
"""The bytes of the file at that path, or None if there is none."""


class TileError(ValueError):
    """A file of the log is missing or is not what a file of that name must be. ``path`` names it."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile by its place. ``level`` None: the entry bundle of that index. ``width``: hashes or entries in it, 256 when full."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """``tile/<L>/<N>[.p/<W>]``; 1234067 is written ``x001/x234/067``."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        where = "/".join([*("x" + part for part in parts[:-1]), parts[-1]])
        level = "entries" if self.level is None else self.level
        return f"tile/{level}/{where}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @classmethod
    def parse(cls, path: str) -> Tile | None:
        """The tile of that path, or None where the path names none."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        level = None if found["level"] == "entries" else int(found["level"])
        index = int(found["index"].replace("x", "").replace("/", ""))
        tile = cls(level, index, int(found["width"] or WIDTH))
        return tile if tile.path == path and tile.width <= WIDTH and (level or 0) < _LEVELS else None

    def belongs(self, size: int) -> bool:
        """Whether a tree of that size has this very tile."""
        return self.width == width_at(self.level or 0, self.index, size)


def width_at(level: int, index: int, size: int) -> int:
    """How wide that tile is in a tree of that size; 0 where the tree does not reach it."""
    return max(0, min(WIDTH, (size >> _HEIGHT * level) - index * WIDTH))


def partial_tiles(size: int) -> Iterator[Tile]:
    """The tiles of a tree of that size that are not full, the entry bundle among them."""
    level = 0
    while size:
        if size % WIDTH:
            tile = Tile(level, size // WIDTH, size % WIDTH)
            if level == 0:
                yield Tile(None, tile.index, tile.width)
            yield tile
        size //= WIDTH
        level += 1


def bundled(entries: Iterable[bytes]) -> bytes:
    """An entry bundle: every entry after its length, two bytes, big-endian. ``ValueError`` for an entry of more than 65,535 bytes."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > _LONGEST_ENTRY:
            raise ValueError(f"an entry of {len(entry)} bytes does not fit into a bundle")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def unbundled(bundle: bytes) -> list[bytes]:
    """The entries of a bundle. ``ValueError`` where it is cut short."""
    entries: list[bytes] = []
    at = 0
    while at < len(bundle):
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        if start > len(bundle) or at > len(bundle):
            raise ValueError("an entry bundle is cut short")
        entries.append(bundle[start:at])
    return entries


def read_tile(read: Read, level: int, index: int, size: int) -> list[bytes]:
    """The hashes of a tile as a tree of that size has it. ``TileError`` where the file is missing or has not that many."""
    width = width_at(level, index, size)
    path, content = _wide_enough(read, level, index, width)
    if len(content) % _HASH or len(content) < width * _HASH:
        raise TileError(path, f"{len(content)} bytes are not the hashes of a tile")
    return [content[at : at + _HASH] for at in range(0, width * _HASH, _HASH)]


def read_entries(read: Read, index: int, size: int) -> list[bytes]:
    """The entries of a bundle as a tree of that size has it. ``TileError`` as with tiles."""
    width = width_at(0, index, size)
    path, content = _wide_enough(read, None, index, width)
    try:
        entries = unbundled(content)
    except ValueError as error:
        raise TileError(path, str(error)) from None
    if len(entries) < width:
        raise TileError(path, f"{len(entries)} entries where {width} must be")
    return entries[:width]


def _wide_enough(read: Read, level: int | None, index: int, width: int) -> tuple[str, bytes]:
    # A partial tile may be removed once the full one is there.
    for each in sorted({width, WIDTH}):
        path = Tile(level, index, each).path
        content = read(path)
        if content is not None:
            return path, content
    raise TileError(Tile(level, index, width).path, "is missing")


class TileHashes:
    """The hashes of a tree of one size, read from its tiles: the reader that proofs are made over. Tiles read are kept."""

    def __init__(self, read: Read, size: int, algorithm: str = "sha256") -> None:
        self._read = read
        self._size = size
        self._hash = hashing(algorithm)
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of a perfect subtree. ``ValueError`` beyond the tree, ``TileError`` where a tile is not as it must be."""
        if (index + 1) << level > self._size:
            raise ValueError(f"subtree {index} of height {level} is not in a tree of {self._size}")
        row, height = divmod(level, _HEIGHT)
        tile, offset = divmod(index << height, WIDTH)
        if (row, tile) not in self._tiles:
            self._tiles[row, tile] = read_tile(self._read, row, tile, self._size)
        hashes = self._tiles[row, tile][offset : offset + (1 << height)]
        hash_ = self._hash
        while len(hashes) > 1:
            hashes = _joined(hashes, hash_)
        return hashes[0]


def _joined(hashes: Sequence[bytes], hash_: Callable[[bytes], Any]) -> list[bytes]:
    return [hash_(NODE + hashes[at] + hashes[at + 1]).digest() for at in range(0, len(hashes), 2)]


class Tiling:
    """The files of a log as it grows: give it entries and it gives the files that became full; at the end the partial ones and the root.

    Holds one tile for each level and nothing else, so a log of any length streams through it.
    """

    def __init__(self, algorithm: str = "sha256") -> None:
        self._algorithm = algorithm
        self._hash = hashing(algorithm)
        self._entries: list[bytes] = []
        self._edge: list[list[bytes]] = [[]]
        self.size = 0

    @classmethod
    def at(cls, read: Read, size: int, algorithm: str = "sha256") -> Tiling:
        """Where a log of that size stands, from its last files. ``TileError`` where one is not as it must be."""
        found = cls(algorithm)
        found.size = size
        for tile in partial_tiles(size):
            if tile.level is None:
                found._entries = read_entries(read, tile.index, size)
            else:
                found._row(tile.level).extend(read_tile(read, tile.level, tile.index, size))
        return found

    def extend(self, entries: Iterable[bytes]) -> Iterator[tuple[Tile, bytes]]:
        """The next entries; yields every file that became full, below before above."""
        hash_ = self._hash
        remaining = iter(entries)
        while chunk := list(islice(remaining, WIDTH - len(self._entries))):
            self._entries += chunk
            self._edge[0] += [hash_(LEAF + entry).digest() for entry in chunk]
            self.size += len(chunk)
            if len(self._entries) == WIDTH:
                yield Tile(None, self.size // WIDTH - 1), bundled(self._entries)
                self._entries = []
                yield from self._closed()

    def _closed(self) -> Iterator[tuple[Tile, bytes]]:
        level = 0
        while len(hashes := self._row(level)) == WIDTH:
            yield Tile(level, (self.size >> _HEIGHT * (level + 1)) - 1), b"".join(hashes)
            while len(hashes) > 1:
                hashes = _joined(hashes, self._hash)
            self._edge[level] = []
            level += 1
            self._row(level).append(hashes[0])

    def partials(self) -> Iterator[tuple[Tile, bytes]]:
        """The files of the tree as it is now that are not full."""
        for tile in partial_tiles(self.size):
            yield tile, bundled(self._entries) if tile.level is None else b"".join(self._edge[tile.level])

    def root(self) -> bytes:
        """The root over all entries so far."""
        found: bytes | None = None
        for hashes in self._edge:
            end = len(hashes)
            while end:
                # From the right: the smallest perfect subtree is the lowest bit of how many there are.
                width = end & -end
                subtree = hashes[end - width : end]
                while len(subtree) > 1:
                    subtree = _joined(subtree, self._hash)
                found = subtree[0] if found is None else self._hash(NODE + subtree[0] + found).digest()
                end -= width
        return empty_root(self._algorithm) if found is None else found

    def _row(self, level: int) -> list[bytes]:
        while len(self._edge) <= level:
            self._edge.append([])
        return self._edge[level]
