"""The log of checkpoints: every note signed, the same in database and store, each tree the beginning of the next, every leaf as it was.

Leaves are read from the database and, beside them, from the store. Where the two differ, the signed root says which is right. Roots
recomputed over one growing tree prove at once that every checkpoint continues the one before.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.evidence.store import CheckpointStore
from schemas.evidence.checkpoint import Checkpoint, CheckpointError, PublicKey, SignatureError, checkpoint_path
from schemas.evidence.finding import Finding, finding
from schemas.evidence.leaf import CaseLeaf, JournalLeaf, LeafError, parse_leaf
from schemas.evidence.merkle import Frontier, leaf_hash
from schemas.evidence.tiles import WIDTH, Tile, TileError, read_entries, width_at
from schemas.record import tables as t
from schemas.wording.witnesses import WITNESSES

PAGE = 10_000
PATIENCE = timedelta(hours=1)
"""How old a checkpoint may be whose row is not in the database yet: a crash between the two is finished by the next call."""
MOST_DIFFERING = 1_000
"""Altered leaves that are named one by one."""


class CheckpointRow(NamedTuple):
    """A row of ``checkpoints``."""

    number: int
    size: int
    root: bytes
    algorithm: str
    note: str
    made_at: datetime


class LoggedLeaf(NamedTuple):
    """A row of ``log_leaves``."""

    place: int
    checkpoint: int
    case_number: str
    leaf: str


@dataclass
class Logged:
    """What the log was found to be. ``distrusted``: leaves of the database that must not be believed; ``restored``: what the store has instead."""

    findings: list[Finding] = field(default_factory=list[Finding])
    distrusted: set[int] = field(default_factory=set[int])
    restored: dict[str, list[CaseLeaf]] = field(default_factory=dict[str, list[CaseLeaf]])
    journal: list[JournalLeaf] = field(default_factory=list[JournalLeaf])
    checkpoints: int = 0
    size: int = 0
    """Leaves that signed checkpoints include."""


class _Signed(NamedTuple):
    """A checkpoint as a signature vouches for it."""

    number: int
    size: int
    root: bytes
    algorithm: str
    made_at: datetime


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
    rows = await _rows(connection)
    if rows and not stored:
        told.findings.append(finding("store_empty", expected=str(max(rows))))
    signed = await _checkpoints(rows, _Notes(store, stored, keys), await _begun(connection), now, told)
    await _Leaves(connection, store if stored else None, told, passed).check(signed)
    return told


class _Notes:
    """The notes of the store."""

    def __init__(self, store: CheckpointStore, stored: set[int], keys: Sequence[PublicKey]) -> None:
        self.numbers = stored
        self.keys = keys
        self._store = store

    async def get(self, number: int) -> bytes | None:
        """A checkpoint as it was signed."""
        return await self._store.get(checkpoint_path(number)) if number in self.numbers else None


async def _checkpoints(
    rows: Mapping[int, CheckpointRow], notes: _Notes, begun: int, now: datetime, told: Logged
) -> list[_Signed]:
    """``begun``: the newest checkpoint of which the database has leaves."""
    newest = max(rows, default=0)
    ahead = max(notes.numbers, default=0)
    if ahead > max(newest, begun):
        told.findings.append(finding("database_older", seq=newest + 1, found=str(newest), expected=str(ahead)))
    signed: list[_Signed] = []
    for number in range(1, max(newest, min(begun, ahead)) + 1):
        row, note = rows.get(number), await notes.get(number)
        vouched = _vouched(number, row, note, notes.keys, told)
        if note is None and notes.numbers:
            told.findings.append(finding("checkpoint_lost", seq=number))
        elif row is None and (number <= newest or vouched is None or now - vouched.made_at > PATIENCE):
            told.findings.append(finding("checkpoint_missing", seq=number))
        if vouched is not None:
            signed.append(vouched)
    told.checkpoints = len(signed)
    told.size = max((each.size for each in signed), default=0)
    return signed


async def _begun(connection: AsyncConnection) -> int:
    query = select(func.coalesce(func.max(t.log_leaves.c.checkpoint), 0))
    return (await connection.execute(query)).scalar_one()


async def _rows(connection: AsyncConnection) -> dict[int, CheckpointRow]:
    query = select(*(t.checkpoints.c[name] for name in CheckpointRow._fields)).order_by(t.checkpoints.c.number)
    return {row.number: CheckpointRow(*row) for row in (await connection.execute(query)).all()}


def _vouched(
    number: int, row: CheckpointRow | None, note: bytes | None, keys: Sequence[PublicKey], told: Logged
) -> _Signed | None:
    """The checkpoint by the copy whose signature holds; what stands in the row must say the same."""
    outside = None if note is None else _opened(note.decode(errors="replace"), keys)
    inside = None if row is None else _opened(row.note, keys)
    if note is not None and outside is None:
        told.findings.append(_unsigned(number, "store"))
    same_text = note is not None and row is not None and row.note.encode() == note
    if row is not None and inside is None and not same_text:
        told.findings.append(_unsigned(number, "database"))
    true = outside or inside
    if true is None:
        return None
    if true.number != number:
        told.findings.append(
            _altered(number, "number", str(number), str(true.number), "note"),
        )
        return None
    if outside is not None and inside is not None and not same_text:
        told.findings.append(_altered(number, "note", None, None, "store"))
    if row is not None:
        for name, found, expected in (
            ("size", str(row.size), str(true.size)),
            ("root", row.root.hex(), true.root.hex()),
            ("algorithm", row.algorithm, true.algorithm),
            ("made_at", row.made_at.isoformat(), true.made_at.isoformat()),
        ):
            if found != expected:
                told.findings.append(_altered(number, name, found, expected, "note"))
    return _Signed(number, true.size, true.root, true.algorithm, true.made_at)


def _opened(note: str, keys: Sequence[PublicKey]) -> Checkpoint | None:
    try:
        return Checkpoint.signed(note, keys)
    except (CheckpointError, SignatureError):
        return None


def _unsigned(number: int, place: str) -> Finding:
    zh, en = WITNESSES[place]
    return finding("checkpoint_unsigned", seq=number, field=place, place_zh=zh, place=en)


def _altered(number: int, name: str, found: str | None, expected: str | None, witness: str) -> Finding:
    zh, en = WITNESSES[witness]
    return finding(
        "checkpoint_altered", seq=number, field=name, found=found, expected=expected, witness_zh=zh, witness=en
    )


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

    async def check(self, signed: Sequence[_Signed]) -> None:
        """Every leaf up to the last checkpoint, then what must not be there."""
        size = self._told.size
        self._algorithm = algorithm = signed[0].algorithm if signed else "sha256"
        outside = Frontier(algorithm)
        inside: Frontier | None = None
        differing: list[tuple[int, LoggedLeaf | None, str | None]] = []
        ends: dict[int, list[_Signed]] = {}
        for each in signed:
            ends.setdefault(each.size, []).append(each)
        for each in ends.get(0, ()):
            if each.root != outside.root():
                self._told.findings.append(finding("checkpoint_root", seq=each.number))
        number_of = _numbering(signed)
        followed = True
        rows = self._rows()
        row = await anext(rows, None)
        for index in range(size):
            while row is not None and row.place < index:
                row = await anext(rows, None)
            mine = row if row is not None and row.place == index else None
            theirs = self._entry(index, size)
            here = None if mine is None else mine.leaf
            there = None if theirs is None else theirs.decode(errors="surrogateescape")
            if mine is None or (there is not None and here != there):
                differing.append((index, mine, there))
                if inside is None:
                    inside = copy.deepcopy(outside)
            told = there if there is not None else here
            if told is not None:
                outside.append(_hash(told, algorithm))
            if inside is not None:
                kept = here if here is not None else there
                if kept is not None:
                    inside.append(_hash(kept, algorithm))
            self._take(index, mine, number_of)
            for end in ends.get(index + 1, ()):
                if outside.root() == end.root:
                    self._name(differing)
                elif inside is not None and inside.root() == end.root:
                    self._tiles(differing, size)
                    outside = inside
                elif followed:
                    # What follows grows out of this tree and can't be right either.
                    followed = False
                    self._name(differing)
                    self._told.findings.append(finding("checkpoint_root", seq=end.number))
                inside, differing = None, []
                self._passed(index + 1)
        while row is not None and row.place < size:
            row = await anext(rows, None)
        await self._beyond(row, rows, signed)

    async def _rows(self) -> AsyncGenerator[LoggedLeaf]:
        leaves = t.log_leaves
        index = -1
        columns = (leaves.c["index"], leaves.c.checkpoint, leaves.c.case_number, leaves.c.leaf)
        while True:
            query = select(*columns).where(leaves.c["index"] > index).order_by(leaves.c["index"]).limit(PAGE)
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
        if found is None or found[: len(hashes)] != hashes:
            self._lose(path)

    def _lose(self, path: str) -> None:
        if path not in self._lost:
            self._lost.add(path)
            self._told.findings.append(finding("tile_altered", field=path, path=path))

    def _tiles(self, differing: Sequence[tuple[int, LoggedLeaf | None, str | None]], size: int) -> None:
        for index, _, _ in differing:
            self._lose(Tile(None, index // WIDTH, width_at(0, index // WIDTH, size)).path)

    def _name(self, differing: Sequence[tuple[int, LoggedLeaf | None, str | None]]) -> None:
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

    async def _beyond(
        self, row: LoggedLeaf | None, rows: AsyncGenerator[LoggedLeaf], signed: Sequence[_Signed]
    ) -> None:
        """Leaves no checkpoint includes: those of one that is being made are no fault, those of an earlier one are."""
        newest = signed[-1].number if signed else 0
        while row is not None:
            if row.checkpoint <= newest:
                self._told.findings.append(finding("leaf_inserted", row.case_number, row.place))
            self._told.distrusted.add(row.place)
            row = await anext(rows, None)


def _hash(text: str, algorithm: str) -> bytes:
    return leaf_hash(text.encode(errors="surrogateescape"), algorithm)


def _numbering(signed: Sequence[_Signed]) -> Callable[[int], int | None]:
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


async def count_leaves(connection: AsyncConnection) -> int:
    """For progress: how many leaves there are."""
    return (await connection.execute(select(func.count()).select_from(t.log_leaves))).scalar_one()


def logged_heads(logged: Logged | None, number: str, leaves: Mapping[int, str]) -> list[CaseLeaf]:
    """The leaves of a case that can be believed, in order: from the database, and from the store where the database's were altered."""
    found: list[CaseLeaf] = []
    for index, text in sorted(leaves.items()):
        if logged is not None and (index in logged.distrusted or index >= logged.size):
            continue
        try:
            leaf = parse_leaf(text)
        except LeafError:
            continue
        if isinstance(leaf, CaseLeaf) and leaf.case == number:
            found.append(leaf)
    if logged is not None:
        found += logged.restored.get(number, ())
    return sorted(found, key=lambda leaf: leaf.seq)
