"""The whole log from its folder: every signature, every file recomputed from the leaves, every checkpoint's root along the way.

Streams: one tile of each height is held, and the checkpoints.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from gateway.offline.given import read_keys
from gateway.offline.inclusion import kept_checkpoint, signed
from gateway.offline.report import Report, UnreadableError
from schemas.evidence.checkpoint import Checkpoint, CheckpointError, PublicKey, checkpoint_path
from schemas.evidence.leaf import LeafError, parse_leaf
from schemas.evidence.tiles import WIDTH, Read, Tile, TileError, Tiling, partial_tiles, read_entries

DRAFT: Final = "."
"""What a killed process may leave behind begins so."""


def reader(folder: Path) -> Read:
    """The files of a log. ``UnreadableError`` where there is no such folder."""
    if not (folder / "checkpoints").is_dir():
        raise UnreadableError(
            f"{folder} 不是检查点日志的目录：没有 checkpoints", f"{folder} is no log: it has no checkpoints"
        )

    def read(path: str) -> bytes | None:
        try:
            return (folder / path).read_bytes()
        except FileNotFoundError:
            return None

    return read


def own_keys(folder: Path) -> list[PublicKey]:
    """The keys that lie beside the log."""
    found = sorted((folder / "keys").iterdir()) if (folder / "keys").is_dir() else []
    return [key for path in found if not path.name.startswith(DRAFT) for key in read_keys(str(path))]


def check_log(
    folder: Path, keys: Sequence[PublicKey], kept: str | None, report: Report, progress: Callable[[int, int], None]
) -> None:
    """Checks all of it. ``kept``: the note of a checkpoint somebody kept, which must be one of the log. ``progress``: leaves done, leaves in all."""
    read = reader(folder)
    checkpoints = _signed(folder, keys, report)
    if not checkpoints:
        report.bad("no_checkpoints", "日志中没有检查点", "The log has no checkpoints")
        return
    _in_order(checkpoints, report)
    if kept is not None:
        _has(checkpoints, kept_checkpoint(kept, keys, report), report)
    last = checkpoints[-1]
    before = report.findings
    try:
        _recomputed(read, checkpoints, report, progress)
    except (TileError, LeafError) as error:
        report.bad("log_unreadable", f"日志文件有误：{error}", f"The log's files are not as they must be: {error}")
    _strays(folder, checkpoints, report)
    if report.findings == before:
        report.good(
            "log",
            f"{len(checkpoints)} 个检查点、{last.size} 片叶：每个文件都由叶重新算出，每个检查点都是后一个的开头",
            f"{len(checkpoints)} checkpoints over {last.size} leaves: every file was recomputed from the leaves, and every "
            "checkpoint is the beginning of the next",
            checkpoints=len(checkpoints),
            leaves=last.size,
        )


def _signed(folder: Path, keys: Sequence[PublicKey], report: Report) -> list[Checkpoint]:
    found: list[Checkpoint] = []
    one_by_one = Report()
    names = sorted(path.name for path in (folder / "checkpoints").iterdir() if not path.name.startswith(DRAFT))
    for name in names:
        path = f"checkpoints/{name}"
        try:
            made = signed((folder / path).read_bytes().decode(), keys, one_by_one)
        except (CheckpointError, UnicodeDecodeError) as error:
            report.bad(
                "checkpoint_unreadable", f"{path} 不是检查点：{error}", f"{path} is no checkpoint: {error}", path=path
            )
            continue
        if checkpoint_path(made.number) != path:
            report.bad(
                "checkpoint_misplaced",
                f"{path} 里是检查点 {made.number}",
                f"{path} holds checkpoint {made.number}",
                path=path,
            )
        found.append(made)
    for check in one_by_one.checks:
        if check.holds is False:
            report.bad(check.code, check.zh, check.en, **check.facts)
    if found and not one_by_one.findings:
        report.good(
            "signatures",
            f"{len(found)} 个检查点的签名全部成立",
            f"The signatures of all {len(found)} checkpoints hold",
            checkpoints=len(found),
        )
    return found


def _has(checkpoints: Sequence[Checkpoint], kept: Checkpoint, report: Report) -> None:
    if kept in checkpoints:
        report.good(
            "has_kept",
            f"您保存的检查点 {kept.number} 就在日志中",
            f"Checkpoint {kept.number}, which you kept, is in the log",
            number=kept.number,
        )
    else:
        report.bad(
            "has_not_kept",
            f"日志中没有您保存的检查点 {kept.number}：日志被截断或改写",
            f"The log has not the checkpoint {kept.number} that you kept: it was cut or rewritten",
            number=kept.number,
        )


def _in_order(checkpoints: Sequence[Checkpoint], report: Report) -> None:
    for number, made in enumerate(checkpoints, start=1):
        if made.number != number:
            report.bad(
                "checkpoint_missing",
                f"缺少检查点 {number}",
                f"Checkpoint {number} is missing",
                number=number,
            )
            break
    first = checkpoints[0]
    for earlier, later in pairwise(checkpoints):
        if (later.origin, later.algorithm) != (first.origin, first.algorithm) or later.size < earlier.size:
            report.bad(
                "not_one_log",
                f"检查点 {later.number} 不是检查点 {earlier.number} 的延续",
                f"Checkpoint {later.number} does not go on from checkpoint {earlier.number}",
                number=later.number,
            )


def _recomputed(
    read: Read, checkpoints: Sequence[Checkpoint], report: Report, progress: Callable[[int, int], None]
) -> None:
    tiling = Tiling(checkpoints[0].algorithm)
    last = max(checkpoint.size for checkpoint in checkpoints)
    for checkpoint in checkpoints:
        for entries in _entries(read, tiling.size, checkpoint.size, last):
            for at, entry in enumerate(entries, start=tiling.size):
                _leaf(entry, at, report)
            for tile, content in tiling.extend(entries):
                _same(tile, content, read(tile.path), report)
            progress(tiling.size, last)
        if tiling.size == checkpoint.size and tiling.root() != checkpoint.root:
            report.bad(
                "root",
                f"由前 {checkpoint.size} 片叶算出的根不是检查点 {checkpoint.number} 所签的根",
                f"The first {checkpoint.size} leaves do not give the root that checkpoint {checkpoint.number} was signed over",
                number=checkpoint.number,
            )
        for tile, content in tiling.partials():
            kept = read(tile.path)
            # A partial file may be removed once the full one is there.
            if kept is not None or tile.index * WIDTH + WIDTH > last >> 8 * (tile.level or 0):
                _same(tile, content, kept, report)


def _entries(read: Read, start: int, end: int, last: int) -> Iterator[list[bytes]]:
    """The entries from ``start`` to ``end``, from the newest file of each bundle."""
    while start < end:
        index = start // WIDTH
        upto = min(end, (index + 1) * WIDTH)
        yield read_entries(read, index, last)[start - index * WIDTH : upto - index * WIDTH]
        start = upto


def _leaf(entry: bytes, index: int, report: Report) -> None:
    try:
        parse_leaf(entry.decode())
    except ValueError as error:
        report.bad(
            "leaf_unreadable",
            f"第 {index} 片叶无法读取：{error}",
            f"Leaf {index} cannot be read: {error}",
            index=index,
        )


def _same(tile: Tile, content: bytes, kept: bytes | None, report: Report) -> None:
    if kept is None:
        report.bad("file_missing", f"缺少 {tile.path}", f"{tile.path} is missing", path=tile.path)
    elif kept != content:
        report.bad(
            "file_altered",
            f"{tile.path} 与由叶算出的不同",
            f"{tile.path} is not what the leaves give",
            path=tile.path,
        )


def _strays(folder: Path, checkpoints: Sequence[Checkpoint], report: Report) -> None:
    last = max(checkpoint.size for checkpoint in checkpoints)
    partial = {tile.path for checkpoint in checkpoints for tile in partial_tiles(checkpoint.size)}
    for parent, _, names in os.walk(folder / "tile"):
        for name in names:
            path = (Path(parent) / name).relative_to(folder).as_posix()
            tile = Tile.parse(path)
            wanted = path in partial or (tile is not None and tile.width == WIDTH and tile.belongs(last))
            if not wanted and not name.startswith(DRAFT):
                report.bad("file_unknown", f"{path} 不属于任何检查点", f"{path} belongs to no checkpoint", path=path)
