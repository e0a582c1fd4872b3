"""Files of a case: only what may be attached, sealed where they lie, read back exactly."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import threading
import unicodedata
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.attachments import kept
from activities.attachments.kept import Attachments
from activities.attachments.scanning import NAME_LIMIT, clean_name, scan
from activities.attachments.store import AttachmentStore
from schemas.evidence.journal import EntryKind
from schemas.kernel.errors import UserError
from schemas.sealing.keys import SealBrokenError
from tests.api.conftest import Api
from tests.api.test_petitions import HANDLER, OPERATOR, PETITIONS, told

PDF = b"%PDF-1.7\n" + "王小明 13800001234".encode() * 20


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def attach(
    api: Api, number: str, content: bytes, name: str = "来信.pdf", media_type: str = "application/pdf"
) -> httpx.Response:
    return await api(OPERATOR).post(f"{PETITIONS}/{number}/attachments", files={"file": (name, content, media_type)})


@pytest.mark.asyncio(loop_scope="session")
async def test_nobody_waits_while_a_file_is_hashed_and_sealed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, bool]] = []

    def noted(name: str) -> None:
        work: Any = getattr(kept, name)

        def apart(*given: Any) -> Any:
            done.append((name, threading.current_thread() is not threading.main_thread()))
            return work(*given)

        monkeypatch.setattr(kept, name, apart)

    number = await api.filed()
    for name in ("sha256", "seal", "unseal"):
        noted(name)
    digest = (await attach(api, number, PDF)).json()["digest"]
    assert (await api(OPERATOR).get(f"{PETITIONS}/{number}/attachments/{digest}")).content == PDF
    assert done == [("sha256", True), ("seal", True), ("unseal", True), ("sha256", True)]


@pytest.mark.asyncio(loop_scope="session")
async def test_a_file_is_kept_sealed_and_comes_back_as_it_was(api: Api) -> None:
    number = await api.filed()
    first = await attach(api, number, PDF, "../../etc/信\u202efdp.exe/来信.pdf")
    assert first.status_code == 201, first.text
    kept = first.json()
    assert (kept["digest"], kept["name"], kept["size"]) == (hashlib.sha256(PDF).hexdigest(), "来信.pdf", len(PDF))
    assert (await attach(api, number, PDF, "another.pdf")).json() == kept
    listed = (await api(OPERATOR).get(f"{PETITIONS}/{number}/attachments")).json()
    assert listed["attachments"] == [kept]
    read = await api(OPERATOR).get(f"{PETITIONS}/{number}/attachments/{kept['digest']}")
    assert read.content == PDF
    assert read.headers["content-disposition"].startswith("attachment;")
    assert (read.headers["x-content-type-options"], read.headers["content-security-policy"]) == ("nosniff", "sandbox")
    folder = Path(api.door.system.settings.attachment_place)
    lying = {path.name: path.read_bytes() for path in files_below(folder)}
    assert kept["digest"] in lying
    assert not any(b"13800001234" in content for content in lying.values())
    # Not through another case, and not by whoever may not see this one.
    other = await api.filed()
    told(await api(OPERATOR).get(f"{PETITIONS}/{other}/attachments/{kept['digest']}"), 404, "attachment_unknown")
    told(await api("bao-jie").get(f"{PETITIONS}/{number}/attachments/{kept['digest']}"), 404, "case_unknown")


@pytest.mark.asyncio(loop_scope="session")
async def test_what_may_not_be_attached(api: Api) -> None:
    number = await api.filed()
    told(await attach(api, number, b""), 422, "attachment_empty")
    told(await attach(api, number, b"MZ\x90", "a.pdf"), 415, "attachment_type_wrong")
    told(await attach(api, number, b"<script>", "a.html", "text/html"), 415, "attachment_type_wrong")
    told(await attach(api, number, b"a\0b", "a.txt", "text/plain"), 415, "attachment_type_wrong")
    told(await attach(api, number, b"%PDF-" + b"x" * 50_000), 413, "body_too_large")
    told(await attach(api, number, b"%PDF-" + b"x" * 90_000), 413, "body_too_large")
    answer = await api(OPERATOR).post(f"{PETITIONS}/{number}/attachments", json={"file": "x"})
    told(answer, 422, "body_invalid")
    answer = await api(HANDLER).post(f"{PETITIONS}/XA-0/attachments", files={"file": ("a.pdf", PDF, "application/pdf")})
    told(answer, 404, "case_unknown")


@pytest.mark.asyncio(loop_scope="session")
async def test_a_file_that_was_altered_where_it_lies_is_never_handed_out(api: Api) -> None:
    number = await api.filed()
    system = api.door.system
    store = AttachmentStore.at(system.settings.attachment_place)
    kept = Attachments(system.database, store, system.keyring, types=("text/plain",))
    one = await kept.add(number, b"one", name="a.txt", media_type="text/plain", person="op")
    two = await kept.add(number, b"two", name="b.txt", media_type="text/plain", person="op")
    assert await kept.content(two) == b"two"
    folder = Path(system.settings.attachment_place)
    lies = folder / two.digest[:2] / two.digest
    sealed = lies.read_bytes()
    for altered in (sealed[:-1] + bytes([sealed[-1] ^ 1]), (folder / one.digest[:2] / one.digest).read_bytes(), b""):
        lies.write_bytes(altered)
        with pytest.raises((SealBrokenError, UserError)):
            await kept.content(two)
    lies.unlink()
    with pytest.raises(UserError, match="attachment_lost"):
        await kept.content(two)


async def test_the_scanner_of_the_installation_decides() -> None:
    def command(program: str) -> list[str]:
        return [sys.executable, "-c", program]

    assert await scan([], b"x") == "unscanned"
    look = command("import sys; sys.exit(b'EICAR' in sys.stdin.buffer.read())")
    assert await scan(look, b"harmless") == "clean"
    with pytest.raises(UserError, match="attachment_refused"):
        await scan(look, b"EICAR")
    for broken in (command("raise SystemExit(2)"), ["no-such-scanner"]):
        with pytest.raises(UserError, match="scan_unavailable"):
            await scan(broken, b"x" * 1_000_000)
    with pytest.raises(UserError, match="scan_unavailable"):
        await scan(command("import time; time.sleep(60)"), b"x", seconds=0.2)


@given(st.text())
def test_a_name_is_clean_whatever_it_was(given: str) -> None:
    name = clean_name(given)
    assert 0 < len(name) <= NAME_LIMIT
    assert not set(name) & set('/\\<>:"|?*')
    assert not any(unicodedata.category(char)[0] == "C" for char in name)
    assert name not in (".", "..") and not name.startswith(".")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\来信.pdf", "来信.pdf"),
        ("..", "附件"),
        ("con.pdf", "_con.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("a\r\nContent-Type: text/html.pdf", "html.pdf"),
    ],
)
def test_path_tricks_leave_a_plain_name(given: str, name: str) -> None:
    assert clean_name(given) == name


@pytest.mark.asyncio(loop_scope="session")
async def test_whoever_reads_a_file_is_told_of_in_the_trail(api: Api) -> None:
    number = await api.filed(title="附件留痕")
    added = await api(OPERATOR).post(
        f"{PETITIONS}/{number}/attachments", files={"file": ("a.pdf", PDF, "application/pdf")}
    )
    digest = added.json()["digest"]
    assert (await api(OPERATOR).get(f"{PETITIONS}/{number}/attachments/{digest}")).status_code == 200
    entries = api.door.system.journal.entries(case_number=number, kinds=[EntryKind.ATTACHMENT_READ])
    [entry] = [entry async for entry in entries]
    assert (entry.actor.id, entry.body) == (OPERATOR, {"digest": digest})


@pytest.mark.asyncio(loop_scope="session")
async def test_a_disk_is_filled_by_no_case_no_person_and_nobody_at_all(api: Api, tmp_path: Path) -> None:
    number, other, size = await api.filed(), await api.filed(), len(PDF) + 1

    def kept_with(**changes: Any) -> Attachments:
        room = {"case": 10 * size, "day": 10 * size, "total": 1 << 60, "free": 0, "folder": tmp_path} | changes
        system = api.door.system
        return Attachments(
            system.database,
            AttachmentStore.at(str(tmp_path)),
            system.keyring,
            types=("application/pdf",),
            quota=kept.Quota.model_validate(room),
        )

    async def codes(at: Attachments, where: str, person: str, *marks: bytes) -> list[str]:
        async def one(mark: bytes) -> str:
            try:
                await at.add(where, PDF + mark, name="a.pdf", media_type="application/pdf", person=person)
            except UserError as refused:
                return refused.code
            return ""

        return sorted(await asyncio.gather(*map(one, marks)))

    tight = kept_with(case=2 * size, day=3 * size)
    assert await codes(tight, number, "quota-1", b"1", b"2", b"3", b"4") == ["", ""] + ["attachments_too_much"] * 2
    assert await codes(tight, other, "quota-1", b"5", b"6") == ["", "attachments_too_much"]
    assert await codes(tight, other, "quota-2", b"7") == [""]
    # The same content again is no new one.
    assert await codes(tight, other, "quota-2", b"7") == [""]
    assert await codes(kept_with(total=1), other, "quota-3", b"8") == ["storage_full"]
    assert await codes(kept_with(free=1 << 60), other, "quota-3", b"8") == ["storage_full"]
    assert len(await tight.of(number)) == 2 and len(await tight.of(other)) == 2
    assert len(files_below(tmp_path)) == 4
