"""A dossier of a case that was carried to its seal, sealed and signed for: readable, checkable without us, and altered nowhere unseen."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from activities.evidence.keys import load_audit_keyring, load_signing_seed
from activities.evidence.seal import Sealer
from activities.personal import seal
from activities.record.reference import ReferenceStore
from activities.record.seed import seed
from activities.settings import Settings
from gateway.doors import Door
from gateway.dossier.exporting import Dossier, export
from gateway.dossier.gathering import timeline_of
from gateway.offline import main as verify
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.events import Petitioner
from schemas.petition.state import Ledger, Outcome
from schemas.sealing.keys import KeyRing
from schemas.sealing.personal import PersonalData
from tests.flow.house import CHIEF, HANDLER, SUPERVISOR, VISITOR, House, own_house
from tests.flow.paths import LEAD, SATISFIED, disclosed
from workers.composition import System

pytestmark = [pytest.mark.flow, pytest.mark.evidence]

AUDITOR = Actor(id="aud", role=Role.AUDITOR, unit="XA")
RING = KeyRing([("k1", bytes(range(32)))])
NAME, PHONE = "欧阳修远", "13800001234"

HOSTILE = (
    '#panic("x")  \\ $1$ *粗* _斜_ `#read("/etc/passwd")` @label <tag> // 注释 /* \n= 标题\n#set page(width: 1cm)\n- 列\x01\u202e😀倒\n'
    + "长" * 4000
    + "A" * 4000
)
"""Words that mean harm to a printer, and more of them than a page or a line holds."""


@dataclass(frozen=True)
class Place:
    """A system with one complaint in it: exported when nothing vouched for it yet, carried to its seal, signed for and exported again."""

    door: Door
    number: str
    early: Dossier
    masked: Dossier
    full: Dossier
    vkey: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(database_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    home = tmp_path_factory.mktemp("dossiers")
    settings = Settings.from_environment({"SANZHANG_DATA_DIR": str(home)})
    load_audit_keyring(settings, create=True)
    load_signing_seed(settings, create=True)
    async with own_house(database_dsn, "dossiers") as house:
        await seed(house.dsn)
        system = System(
            settings=settings,
            keyring=RING,
            database=house.database,
            client=house.client,
            record=house.record,
            reference=ReferenceStore(house.database),
        )
        door = Door(system)
        number = await filed(house)
        early = await export(door, number, AUDITOR, full=False, reason="", file="early.zip")
        await carried(house, number)
        await Sealer(system.database, system.client, system.keyring, system.archives, system.journal).sweep()
        await system.log.checkpoint()
        masked = await export(door, number, AUDITOR, full=False, reason="", file="masked.zip")
        full = await export(door, number, AUDITOR, full=True, reason="上级调卷，复核办理经过", file="full.zip")
        (key,) = await system.log.keys()
        yield Place(door, number, early, masked, full, key.vkey)


async def filed(house: House) -> str:
    """A confidential complaint of two people, one of them anonymous."""
    sealed = seal(RING, PersonalData(name=NAME, phone=PHONE))
    filing = await house.file(
        ledger=Ledger.COMPLAINT,
        title="窗口态度 #let x = [",
        text=HOSTILE,
        petitioners=(Petitioner(alias="A0048", sealed=sealed), Petitioner()),
        confidential=True,
    )
    return filing.number


async def carried(house: House, number: str) -> None:
    """To its seal."""
    answer = c.Reply(outcome=Outcome.EXPLAINED, text="#[\n已向当事人说明。", measures="加强培训。")
    withheld = c.Disclose(published=False, exemption="accuser_protection")
    await house.act(number, CHIEF, c.Approve())
    await house.act(number, SUPERVISOR, c.Assign(lead=LEAD))
    await house.act(number, HANDLER, c.Accept())
    await house.act(number, HANDLER, answer)
    await house.act(number, VISITOR, SATISFIED)
    await house.act(number, CHIEF, c.SignOff())
    await disclosed(house, number, withheld)
    await house.handle(number).result()


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        assert pack.testzip() is None
        assert all(entry.date_time == (1980, 1, 1, 0, 0, 0) for entry in pack.infolist())
        return {name: pack.read(name) for name in pack.namelist()}


def laid_out(content: bytes, folder: Path) -> Path:
    for name, each in unpacked(content).items():
        (folder / name).write_bytes(each)
    return folder


def verified(given: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, set[str]]:
    """What the offline verifier ends with, and the codes of what it found wrong."""
    with pytest.raises(SystemExit) as ended:
        verify([str(given), "--json", *more])
    said = capsys.readouterr().out
    checks: list[dict[str, Any]] = json.loads(said)["checks"] if said else []
    return int(ended.value.code or 0), {check["code"] for check in checks if check["holds"] is False}


def test_a_sealed_and_signed_case_is_verified_without_us(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for dossier in (place.masked, place.full):
        pack = tmp_path / f"{dossier.entry}.zip"
        pack.write_bytes(dossier.content)
        assert verified(pack, capsys, "--key", place.vkey) == (0, set())
    early = tmp_path / "early.zip"
    early.write_bytes(place.early.content)
    assert verified(early, capsys) == (1, {"no_proof"})
    assert "proof.json" not in unpacked(place.early.content)
    assert "无：" in unpacked(place.early.content)["README.md"].decode()


def test_one_altered_byte_in_any_file_is_found(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = laid_out(place.full.content, tmp_path)
    lines = (line.split("  ") for line in (folder / "SHA256SUMS").read_text().splitlines())
    sums = {name: said for said, name in lines}
    assert sums.keys() == {file.name for file in folder.iterdir()} - {"SHA256SUMS"}
    for name, said in sums.items():
        whole = (folder / name).read_bytes()
        assert hashlib.sha256(whole).hexdigest() == said
        altered = bytearray(whole)
        altered[len(whole) // 2] ^= 1
        (folder / name).write_bytes(altered)
        assert hashlib.sha256(altered).hexdigest() != said
        code, found = verified(folder, capsys, "--key", place.vkey)
        assert code != 0, name
        # A file that cannot even be read ends the verification before it finds anything.
        assert code == 2 or "file_altered" in found, name
        (folder / name).write_bytes(whole)
    assert verified(folder, capsys, "--key", place.vkey)[0] == 0
    seals = json.loads((folder / "seal.json").read_text())
    (folder / "seal.json").write_text(json.dumps([seals[0] | {"link": "00" * 32}]))
    assert verified(folder, capsys, "--key", place.vkey)[0] == 1


def test_the_readme_can_be_followed_to_the_letter(place: Place, tmp_path: Path) -> None:
    folder = laid_out(place.masked.content, tmp_path)
    said = (folder / "README.md").read_text("utf-8")
    programs = re.findall(r"```python\n(.*?)```", said, re.DOTALL)
    assert len(programs) == 2
    for program in programs:
        subprocess.run([sys.executable, "-I", "-c", program], cwd=folder, check=True)
    (script,) = re.findall(r"```sh\n(.*?)```", said, re.DOTALL)
    if shutil.which("openssl"):
        signed = subprocess.run(["sh", "-ec", script], cwd=folder, check=True, capture_output=True, text=True)
        assert "Verified Successfully" in signed.stdout
        digest = subprocess.run(
            ["openssl", "dgst", "-sha256", "history.json"], cwd=folder, check=True, capture_output=True, text=True
        )
        assert json.loads((folder / "seal.json").read_text())[0]["history"] in digest.stdout
    broken = (folder / "events.jsonl").read_bytes().replace(b"A0048", b"A0049")
    (folder / "events.jsonl").write_bytes(broken)
    again = subprocess.run([sys.executable, "-I", "-c", programs[0]], cwd=folder, capture_output=True, check=False)
    assert again.returncode != 0


def test_a_masked_dossier_gives_nobody_away_and_a_full_one_says_who_was(place: Place) -> None:
    masked, full = unpacked(place.masked.content), unpacked(place.full.content)
    for content in masked.values():
        assert NAME.encode() not in content
        assert PHONE.encode() not in content
    assert "personal.json" not in masked
    people = json.loads(full["personal.json"])
    assert (people[0]["name"], people[0]["phone"], people[1].get("name")) == (NAME, PHONE, None)
    for content in (masked, full):
        assert "保密件" in content["README.md"].decode()
        assert content["dossier.pdf"].startswith(b"%PDF-")


@pytest.mark.asyncio(loop_scope="session")
async def test_the_journal_has_every_export_before_it_is_made(place: Place) -> None:
    journal = place.door.system.journal
    entries = [entry async for entry in journal.entries(case_number=place.number, kinds=[EntryKind.EXPORTED])]
    assert [(entry.body["full"], entry.reason) for entry in entries] == [
        (False, ""),
        (False, ""),
        (True, "上级调卷，复核办理经过"),
    ]
    with pytest.raises(UserError) as refused:
        await export(place.door, place.number, AUDITOR, full=True, reason=" ", file="x.zip")
    assert refused.value.code == "reason_missing"
    after = [entry async for entry in journal.entries(case_number=place.number, kinds=[EntryKind.EXPORTED])]
    assert after == entries
    told = await timeline_of(place.door, place.number, datetime.now(UTC) + timedelta(minutes=1))
    assert [entry.number for entry in told.readings] == [place.full.entry]
    assert PHONE not in told.model_dump_json()
    assert "138********" in told.model_dump_json()


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_is_told_of_a_time_before_the_filing(place: Place) -> None:
    with pytest.raises(UserError) as refused:
        await timeline_of(place.door, place.number, datetime(2020, 1, 1, tzinfo=UTC))
    assert refused.value.code == "not_yet_filed"


def test_an_auditor_at_the_command_line_gets_timeline_and_dossier(place: Place, tmp_path: Path) -> None:
    system = place.door.system
    environment = os.environ | {
        "SANZHANG_DATA_DIR": str(system.settings.data_dir),
        "SANZHANG_TEMPORAL": system.client.service_client.config.target_host,
        "SANZHANG_DATABASE_DSN": system.database.url.render_as_string(hide_password=False),
        "SANZHANG_KEYS": f"k1:{base64.b64encode(bytes(range(32))).decode()}",
    }

    def audit(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = [
            sys.executable,
            "-c",
            "from gateway.cli import main; main()",
            "audit",
            *arguments,
            "--json",
            "--as",
            "xa-auditor-1",
        ]
        return subprocess.run(program, env=environment, capture_output=True, text=True, check=False, timeout=60)

    told = audit("timeline", place.number)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["attribution"]["sums"] is True
    out = tmp_path / "dossier.zip"
    made = audit("export", place.number, "--out", str(out), "--full", "--why", "sample")
    assert made.returncode == 0, made.stdout + made.stderr
    assert json.loads(made.stdout)["proven"] is True
    assert out.stat().st_mode & 0o777 == 0o600
