"""What a person can hand in: a dossier (packed or not), a proof by itself, a key, a checkpoint that was kept."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from gateway.offline.report import UnreadableError
from schemas.evidence.checkpoint import PublicKey

EVENTS = "events.jsonl"
HISTORY = "history.json"
SEALS = "seal.json"
PROOF = "proof.json"
KEY = "public-key.txt"


@dataclass(frozen=True)
class Given:
    """A dossier, or a proof by itself (then ``dossier`` is False). ``read``: the bytes of one of its files, or None; ``names``: of them all."""

    read: Callable[[str], bytes | None]
    names: Callable[[], set[str]]
    dossier: bool


def open_given(path: Path) -> Given:
    """``UnreadableError`` where it is neither a dossier nor a proof."""
    if path.is_dir():
        return _dossier(
            lambda name: (path / name).read_bytes() if (path / name).is_file() else None,
            lambda: {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()},
            path,
        )
    try:
        if zipfile.is_zipfile(path):
            return _zipped(path)
        content = path.read_bytes()
    except (OSError, zipfile.BadZipFile) as error:
        raise UnreadableError(f"无法读取 {path}：{error}", f"{path} cannot be read: {error}") from error
    return Given(lambda name: content if name == PROOF else None, lambda: {PROOF}, dossier=False)


def _zipped(path: Path) -> Given:
    with zipfile.ZipFile(path) as pack:
        names = pack.namelist()
        # Two files of one name: whoever unpacks it sees one of them, whoever checks it might see the other.
        if len(names) != len(set(names)):
            raise UnreadableError(f"{path} 中有重名文件", f"{path} holds two files of one name")
    inside = next((name.removesuffix(EVENTS) for name in names if name.split("/")[-1] == EVENTS), "")

    def read(name: str) -> bytes | None:
        with zipfile.ZipFile(path) as pack:
            return pack.read(inside + name) if inside + name in names else None

    files = {name.removeprefix(inside) for name in names if not name.endswith("/")}
    return _dossier(read, lambda: files, path)


def _dossier(read: Callable[[str], bytes | None], names: Callable[[], set[str]], path: Path) -> Given:
    if read(EVENTS) is None:
        raise UnreadableError(f"{path} 不是卷宗：没有 {EVENTS}", f"{path} is no dossier: it has no {EVENTS}")
    return Given(read, names, dossier=True)


def read_keys(said: str) -> list[PublicKey]:
    """Keys from a text or from a file of that name, one on each line. ``UnreadableError``."""
    try:
        if "+" not in said or Path(said).is_file():
            said = Path(said).read_text("utf-8")
        keys = [PublicKey.parse(line) for line in said.splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise UnreadableError(f"公钥无法读取：{error}", f"The public key cannot be read: {error}") from error
    if not keys:
        raise UnreadableError("公钥文件是空的", "The file of the public key is empty")
    return keys


def strict_json(content: bytes | str) -> Any:
    """JSON in which no name is given twice, for two readers might take another each. ``ValueError``."""
    return json.loads(content, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def objects(content: Any) -> list[dict[str, Any]]:
    """A list of JSON objects. ``ValueError`` for anything else."""
    items = cast("list[dict[str, Any]]", content) if isinstance(content, list) else None
    if items is None or not all(type(each) is dict for each in items):
        raise ValueError("not a list of objects")
    return items
