"""One pass over all leaves, in database and store, with the tree growing beside it.

Where the two differ, the signed root says which is right. Roots recomputed over one growing tree prove at once that every checkpoint
continues the one before.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.evidence.store import CheckpointStore
from activities.evidence.verify.log.logged import Logged, Signed
from activities.evidence.verify.log.notes import Notes, begun, checkpoint_rows, checkpoints
from schemas.evidence.checkpoint import PublicKey
from schemas.evidence.finding import finding
from schemas.evidence.leaf import CaseLeaf, JournalLeaf, LeafError, parse_leaf
from schemas.evidence.merkle import Frontier, leaf_hash
from schemas.evidence.tiles import WIDTH, Tile, TileError, read_entries, width_at
from schemas.record import tables as t

PAGE = 10_000
MOST_DIFFERING = 1_000
"""Altered leaves that are named one by one."""


class LoggedLeaf(NamedTuple):
    """A row of ``log_leaves``."""

    place: int
    checkpoint: int
    case_number: str
    leaf: str


async def check_log(
    connection: AsyncConnection,
    store: CheckpointStore,
    keys: Sequence[PublicKey],
    now: datetime,
    passed: Callable[[int], None] = lambda _: None,
) -> Logged:
    """The whole log; ``passed`` is told of every so many leaves. ``keys``: those a checkpoint may be signed with."""
    told = Logged()
    # The store first: a checkpoint is in the database last of all, and what is read there afterwards can only be more.
    names = [path.rpartition("/")[2] async for path in store.list("checkpoints")]
    stored = {int(name) for name in names if name.isdecimal()}
    rows = await checkpoint_rows(connection)
    if rows and not stored:
        told.findings.append(finding("store_empty", expected=str(max(rows))))
    told.signed = signed = await checkpoints(rows, Notes(store, stored, keys), await begun(connection), now, told)
    await _Leaves(connection, store if stored else None, told, passed).check(signed)
    return told


_Differing = tuple[int, LoggedLeaf | None, str | None]
"""A leaf by its place, as the database has it and as the store has it."""


class _Trees:
    """The tree over the leaves of the store, and beside it, from where they differ until the next signed root, the one over the database's."""

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._outside = Frontier(algorithm)
        self._inside: Frontier | None = None
        self.differing: list[_Differing] = []
        self.followed = True

    def grow(self, index: int, mine: LoggedLeaf | None, there: str | None) -> None:
        """The next leaf of both."""
        here = None if mine is None else mine.leaf
        if here is None or (there is not None and here != there):
            self.differing.append((index, mine, there))
            if self._inside is None:
                self._inside = copy.deepcopy(self._outside)
        self._append(self._outside, there, here)
        if self._inside is not None:
            self._append(self._inside, here, there)

    def _append(self, tree: Frontier, leaf: str | None, otherwise: str | None) -> None:
        told = otherwise if leaf is None else leaf
        if told is not None:
            tree.append(leaf_hash(told.encode(errors="surrogateescape"), self._algorithm))

    def right(self, root: bytes) -> Literal["store", "database"] | None:
        """Whose leaves make that root."""
        if self._outside.root() == root:
            return "store"
        return "database" if self._inside is not None and self._inside.root() == root else None

    def settle(self, right: Literal["store", "database"] | None) -> None:
        """Goes on from the tree that is right."""
        if right == "database" and self._inside is not None:
            self._outside = self._inside
        self._inside, self.differing = None, []


class _Leaves:
    """One pass over all leaves, in database and store, with the tree growing beside it."""

    def __init__(
        self, connection: AsyncConnection, store: CheckpointStore | None, told: Logged, passed: Callable[[int], None]
    ) -> None:
        self._connection = connection
        self._algorithm = "sha256"
        self._store = store
        self._told = told
        self._passed = passed
        self._bundle: tuple[int, Sequence[bytes] | None] = (-1, None)
        self._lost: set[str] = set()
        self._unlike: list[tuple[str, str]] = []

    async def check(self, signed: Sequence[Signed]) -> None:
        """Every leaf up to the last checkpoint, then what must not be there."""
        size = self._told.size
        self._algorithm = signed[0].algorithm if signed else "sha256"
        trees = _Trees(self._algorithm)
        ends: dict[int, list[Signed]] = {}
        for each in signed:
            ends.setdefault(each.size, []).append(each)
        self._end(trees, ends.get(0, ()))
        number_of = _numbering(signed)
        rows = self._rows()
        row = await anext(rows, None)
        while row is not None and row.place < 0:
            self._inserted(row)
            row = await anext(rows, None)
        for index in range(size):
            mine = None
            if row is not None and row.place == index:
                mine, row = row, await anext(rows, None)
                self._take(index, mine, number_of)
            theirs = self._entry(index, size)
            trees.grow(index, mine, None if theirs is None else theirs.decode(errors="surrogateescape"))
            self._end(trees, ends.get(index + 1, ()))
        for hashes, entries in self._unlike:
            # Where the entries were refuted by a root, the hashes need not be wrong.
            if entries not in self._lost:
                self._lose(hashes)
        await self._beyond(row, rows, signed)

    def _end(self, trees: _Trees, ends: Sequence[Signed]) -> None:
        """A tree as it was signed: of the database's leaves, the store's, or neither."""
        for end in ends:
            right = trees.right(end.root)
            if right == "store":
                self._name(trees.differing)
            elif right == "database":
                self._lose_bundles(trees.differing)
            elif trees.followed:
                # What comes after grows out of this tree and can't be right either.
                trees.followed = False
                self._name(trees.differing)
                self._told.findings.append(finding("checkpoint_root", seq=end.number))
            trees.settle(right)
            self._passed(end.size)

    async def _rows(self) -> AsyncGenerator[LoggedLeaf]:
        leaves = t.log_leaves
        index: int | None = None
        columns = (leaves.c["index"], leaves.c.checkpoint, leaves.c.case_number, leaves.c.leaf)
        while True:
            query = select(*columns).order_by(leaves.c["index"]).limit(PAGE)
            if index is not None:
                query = query.where(leaves.c["index"] > index)
            rows = (await self._connection.execute(query)).all()
            for row in rows:
                yield LoggedLeaf(*row)
            if len(rows) < PAGE:
                return
            index = rows[-1][0]

    def _entry(self, index: int, size: int) -> bytes | None:
        """The leaf as the store has it; None where the store lacks its bundle."""
        if self._store is None:
            return None
        bundle, at = divmod(index, WIDTH)
        if self._bundle[0] != bundle:
            try:
                entries: Sequence[bytes] | None = read_entries(self._store.read, bundle, size)
            except TileError as error:
                entries = None
                self._lose(error.path)
            else:
                self._check_hashes(self._store, bundle, entries, size)
            self._bundle = bundle, entries
        entries = self._bundle[1]
        return None if entries is None else entries[at]

    def _check_hashes(self, store: CheckpointStore, bundle: int, entries: Sequence[bytes], size: int) -> None:
        """The tile of leaf hashes must be of these very entries."""
        path = Tile(0, bundle, width_at(0, bundle, size)).path
        found = store.read(path) or store.read(Tile(0, bundle).path)
        hashes = b"".join(leaf_hash(entry, self._algorithm) for entry in entries)
        if found is None:
            self._lose(path)
        elif found[: len(hashes)] != hashes:
            self._unlike.append((path, Tile(None, bundle, width_at(0, bundle, size)).path))

    def _lose(self, path: str) -> None:
        if path not in self._lost:
            self._lost.add(path)
            self._told.findings.append(finding("tile_altered", field=path, path=path))

    def _lose_bundles(self, differing: Sequence[_Differing]) -> None:
        for index, _, _ in differing:
            self._lose(Tile(None, index // WIDTH, width_at(0, index // WIDTH, self._told.size)).path)

    def _name(self, differing: Sequence[_Differing]) -> None:
        """The leaves in which the database differs from what was signed."""
        missing = [index for index, mine, _ in differing if mine is None]
        if missing:
            self._told.findings.append(finding("leaf_missing", seq=missing[0], count=len(missing)))
        for index, mine, there in differing[:MOST_DIFFERING]:
            self._told.distrusted.add(index)
            if there is not None:
                self._restore(there)
            if mine is not None:
                self._told.findings.append(finding("leaf_altered", seq=index, found=mine.leaf, expected=there))

    def _restore(self, text: str) -> None:
        try:
            leaf = parse_leaf(text)
        except LeafError:
            return
        if isinstance(leaf, CaseLeaf):
            self._told.restored.setdefault(leaf.case, []).append(leaf)
        else:
            self._told.journal.append(leaf)

    def _take(self, index: int, row: LoggedLeaf | None, number_of: Callable[[int], int | None]) -> None:
        """What the columns beside a leaf say of it; leaves of the journal are kept."""
        if row is None:
            return
        try:
            leaf = parse_leaf(row.leaf)
        except LeafError:
            return
        number = number_of(index)
        case = leaf.case if isinstance(leaf, CaseLeaf) else ""
        if row.case_number != case:
            self._misfiled(row, "case_number", row.case_number, case)
            self._restore(row.leaf)
        elif isinstance(leaf, JournalLeaf):
            self._told.journal.append(leaf)
        if number is not None and row.checkpoint != number:
            self._misfiled(row, "checkpoint", str(row.checkpoint), str(number))

    def _misfiled(self, row: LoggedLeaf, name: str, found: str, expected: str) -> None:
        self._told.distrusted.add(row.place)
        self._told.findings.append(finding("leaf_misfiled", seq=row.place, field=name, found=found, expected=expected))

    async def _beyond(self, row: LoggedLeaf | None, rows: AsyncGenerator[LoggedLeaf], signed: Sequence[Signed]) -> None:
        """Leaves no checkpoint includes: those of one that is being made are no fault, those of an earlier one are."""
        newest = signed[-1].number if signed else 0
        while row is not None:
            if row.checkpoint <= newest:
                self._inserted(row)
            row = await anext(rows, None)

    def _inserted(self, row: LoggedLeaf) -> None:
        self._told.distrusted.add(row.place)
        self._told.findings.append(finding("leaf_inserted", row.case_number, row.place))


def _numbering(signed: Sequence[Signed]) -> Callable[[int], int | None]:
    """Which checkpoint brought a leaf in; None where a missing checkpoint leaves it open. To be asked in order."""
    bounds: list[tuple[int, int | None]] = []
    before = 0
    for each in signed:
        bounds.append((each.size, each.number if each.number == before + 1 else None))
        before = each.number
    place = 0

    def number_of(index: int) -> int | None:
        nonlocal place
        while place < len(bounds) and bounds[place][0] <= index:
            place += 1
        return bounds[place][1] if place < len(bounds) else None

    return number_of
