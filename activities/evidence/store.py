"""Where checkpoints and the log's files are kept outside the database: a folder, or an object store by its address.

Nothing in it is ever changed. So whoever has seen a file, or has it from a backup, can hold it against what is there now.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from schemas.kernel.errors import UserError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

AT_ONCE: Final = 8
"""Objects written side by side: enough to hide the way to a store, few enough for a small one."""
_READABLE: Final = 0o444
_DRAFT: Final = ".draft-"


class CheckpointStoreError(RuntimeError):
    """The store is not what the log wrote into it. ``path`` names the object."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class CheckpointStoreConflictError(CheckpointStoreError):
    """The store holds something else under that name: it, or the database, was altered."""


class CheckpointStoreMissingError(CheckpointStoreError):
    """The store lacks what was written into it."""


class CheckpointStoreAheadError(CheckpointStoreError):
    """The store knows a checkpoint that the database does not: the database is an older copy, or was cut."""


class CheckpointStore:
    """The objects of one log. Built by :meth:`at`."""

    def __init__(self, place: str, objects: ObjectStore | None, folder: Path | None) -> None:
        self.place = place
        self._objects = objects
        self._folder = folder

    @classmethod
    def at(cls, place: str) -> CheckpointStore:
        """``place``: a folder, which need not be there yet, or an address such as ``s3://bucket/path``.

        ``UserError`` ``checkpoint_store_invalid`` for an address of no known kind.
        """
        scheme = urlsplit(place).scheme if "://" in place else ""
        if not scheme or scheme == "file":
            folder = Path(url2pathname(urlsplit(place).path) if scheme else place).absolute()
            return cls(place, None, folder)
        # Imported where it is needed: most installations keep a folder.
        from obstore.exceptions import BaseError  # noqa: PLC0415
        from obstore.store import from_url  # noqa: PLC0415

        try:
            return cls(place, from_url(place), None)
        except (BaseError, ValueError) as error:
            raise UserError(
                "checkpoint_store_invalid",
                zh=f"检查点存放处 {place} 无法识别。SANZHANG_CHECKPOINT_STORE 应为目录，或 s3:// 等对象存储地址。",
                en=f"The checkpoint store {place} is not understood. SANZHANG_CHECKPOINT_STORE must be a folder or the "
                "address of an object store, such as s3://bucket/path.",
                place=place,
            ) from error

    async def put_new(self, path: str, content: bytes) -> None:
        """Writes an object for good; the same content again is fine. ``CheckpointStoreConflictError`` where other content lies there."""
        await self.put_all([(path, content)])

    async def put_all(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Writes many objects, several at once; errors as of :meth:`put_new`. All of them are on the disk when it returns."""
        remaining = list(objects)
        write = self._write if self._folder is not None else self._create
        await asyncio.gather(*(write(remaining[at::AT_ONCE]) for at in range(min(AT_ONCE, len(remaining)))))

    async def get(self, path: str) -> bytes | None:
        """An object, or None if there is none of that name."""
        return await asyncio.to_thread(self.read, path)

    def read(self, path: str) -> bytes | None:
        """As :meth:`get`, for threads: proofs read one tile after another."""
        with suppress(FileNotFoundError):
            if self._folder is not None:
                return (self._folder / path).read_bytes()
            import obstore  # noqa: PLC0415

            return bytes(obstore.get(self._remote, path).bytes())
        return None

    async def list(self, prefix: str) -> AsyncGenerator[str]:
        """The paths of all objects below that folder, in order."""
        if self._folder is not None:
            found = await asyncio.to_thread(_below, self._folder, prefix)
        else:
            import obstore  # noqa: PLC0415

            listed = obstore.list(self._remote, prefix)
            found = sorted([each["path"] async for chunk in listed for each in chunk])
        for path in found:
            yield path

    async def _create(self, objects: Sequence[tuple[str, bytes]]) -> None:
        import obstore  # noqa: PLC0415
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415

        for path, content in objects:
            try:
                await obstore.put_async(self._remote, path, content, mode="create")
            except AlreadyExistsError:
                self._same(path, content, await self.get(path))

    async def _write(self, objects: Sequence[tuple[str, bytes]]) -> None:
        await asyncio.to_thread(self._write_files, objects)

    def _write_files(self, objects: Sequence[tuple[str, bytes]]) -> None:
        folder = self._folder or Path()
        for path, content in objects:
            if not _written(folder / path, content):
                self._same(path, content, self.read(path))
        # A file outlives a loss of power only if the folders on the way to it do.
        for each in {above for path, _ in objects for above in Path(path).parents}:
            _sync(folder / each)

    def _same(self, path: str, content: bytes, kept: bytes | None) -> None:
        if kept != content:
            raise CheckpointStoreConflictError(path, "the store holds other content under this name")

    @property
    def _remote(self) -> ObjectStore:
        if self._objects is None:
            raise RuntimeError("this store is a folder")
        return self._objects


def _written(path: Path, content: bytes) -> bool:
    """Whether the file is new. It is there whole or not at all: an empty file after a loss of power would look like tampering."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_DRAFT)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(handle, _READABLE)
            os.fsync(handle)
        path.hardlink_to(name)
    except FileExistsError:
        return False
    finally:
        Path(name).unlink()
    return True


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _below(folder: Path, prefix: str) -> list[str]:
    found = (path for path in (folder / prefix).rglob("*") if path.is_file() and not path.name.startswith(_DRAFT))
    return sorted(path.relative_to(folder).as_posix() for path in found)
