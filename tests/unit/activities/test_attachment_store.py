"""Sealed contents lie where the installation says: in a folder, or in a store that speaks S3. One contract for both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from activities.attachments.store import AttachmentStore
from schemas.kernel.errors import UserError
from tests.unit.activities.s3 import running_s3


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with running_s3() as address:
        yield address


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "not there yet" / "附件")
    return f"{request.getfixturevalue('bucket')}/{uuid4().hex}/附件"


async def test_what_is_put_is_there_as_it_was_and_for_good(place: str) -> None:
    store, path, content = AttachmentStore.at(place), "ab/abcd", bytes(range(256)) * 4_000
    assert await store.get(path) is None
    await store.put(path, content)
    await store.put(path, b"another")
    # Whoever opens the store anew finds the same: nothing of it is only in this process.
    assert await AttachmentStore.at(place).get(path) == content
    assert await store.get("ab/abc") is None


async def test_of_many_writers_one_is_first_and_none_fails(place: str) -> None:
    store = AttachmentStore.at(place)
    contents = [b"one" * 1_000, b"two" * 1_000] * 4
    await asyncio.gather(*(store.put("cd/cdef", content) for content in contents))
    assert await store.get("cd/cdef") in contents


async def test_two_installations_in_one_bucket_do_not_meet(bucket: str) -> None:
    first, second = AttachmentStore.at(f"{bucket}/first"), AttachmentStore.at(f"{bucket}/second")
    await first.put("ab/ab", b"first")
    assert await second.get("ab/ab") is None
    await second.put("ab/ab", b"second")
    assert (await first.get("ab/ab"), await second.get("ab/ab")) == (b"first", b"second")


@pytest.mark.parametrize("place", ["ftp://somewhere/else", "s3://"])
def test_an_address_of_no_known_kind_is_refused(place: str) -> None:
    with pytest.raises(UserError, match="attachment_store_invalid"):
        AttachmentStore.at(place)
