"""What is in the store stays as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from activities.evidence.signing import Signer
from activities.evidence.store import CheckpointStore, CheckpointStoreConflictError
from schemas.kernel.errors import UserError
from tests.unit.activities.s3 import running_s3


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with running_s3() as address:
        yield address


@pytest.fixture(params=["folder", "file address", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> CheckpointStore:
    folder = tmp_path / "not there yet" / "检查点"
    if request.param == "s3":
        return CheckpointStore.at(f"{request.getfixturevalue('bucket')}/{uuid4().hex}/检查点")
    places = {"folder": str(folder), "file address": folder.as_uri(), "memory": "memory:///"}
    return CheckpointStore.at(places[request.param])


async def test_an_object_is_written_once(store: CheckpointStore) -> None:
    assert await store.get("tile/0/000") is None
    assert [path async for path in store.list("tile")] == []
    await store.put_new("tile/0/000", b"one")
    await store.put_new("tile/0/000", b"one")
    with pytest.raises(CheckpointStoreConflictError, match="tile/0/000") as conflict:
        await store.put_new("tile/0/000", b"two")
    assert conflict.value.path == "tile/0/000"
    assert await store.get("tile/0/000") == b"one"


async def test_many_are_written_and_listed_in_order(store: CheckpointStore) -> None:
    names = [f"tile/0/{number:03d}" for number in range(40)]
    await store.put_all((name, name.encode()) for name in reversed(names))
    await store.put_new("keys/00000000", b"")
    assert [path async for path in store.list("tile")] == names
    assert await store.get(names[7]) == names[7].encode()
    with pytest.raises(CheckpointStoreConflictError):
        await store.put_all([("tile/1/000", b""), (names[7], b"?")])


async def test_of_two_writers_one_is_first(store: CheckpointStore) -> None:
    results = await asyncio.gather(
        *(store.put_new("checkpoints/0000000001", content) for content in (b"one", b"two", b"one", b"two")),
        return_exceptions=True,
    )
    assert [type(result) for result in results if result is not None] == [CheckpointStoreConflictError] * 2
    assert await store.get("checkpoints/0000000001") in {b"one", b"two"}


async def test_files_are_read_only_and_no_draft_stays(tmp_path: Path) -> None:
    store = CheckpointStore.at(str(tmp_path))
    await store.put_new("tile/0/000", b"one")
    (tmp_path / "tile" / "0" / ".draft-of-a-killed-process").write_bytes(b"")
    assert [path async for path in store.list("")] == ["tile/0/000"]
    assert (tmp_path / "tile" / "0" / "000").stat().st_mode & 0o777 == 0o444
    assert len(list((tmp_path / "tile" / "0").iterdir())) == 2


def test_an_address_of_no_known_kind_is_refused() -> None:
    with pytest.raises(UserError, match="checkpoint_store_invalid"):
        CheckpointStore.at("ftp://somewhere/else")


def test_a_signer_shows_only_its_public_key() -> None:
    signer = Signer(bytes(range(32)), "sanzhang.example/record")
    assert repr(signer) == f"Signer({signer.key.vkey})"
    with pytest.raises(ValueError, match="no name for a key"):
        Signer(bytes(32), "with a space")
