"""The audit keys and the signing key: apart from the others, made once, and missed when they are gone."""

from __future__ import annotations

import base64
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import insert

from activities.evidence.keys import load_audit_keyring, load_signing_seed, provide_keys
from activities.keys import load_keyring, seal, unseal
from activities.record.migrate import migrate, new_engine
from activities.settings import Settings
from schemas.kernel.errors import UserError
from schemas.record import tables as t
from schemas.sealing.keys import Purpose, SealBrokenError
from tests.databases import own_database

SEED = bytes(range(32))


def test_the_rings_of_audit_and_payloads_do_not_open_each_others(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    payloads, audit = load_keyring(settings, create=True), load_audit_keyring(settings, create=True)
    key_id, sealed = seal(audit, Purpose.AUDIT, b"kept")
    assert unseal(load_audit_keyring(settings), Purpose.AUDIT, key_id, sealed) == b"kept"
    with pytest.raises(SealBrokenError):
        unseal(payloads, Purpose.AUDIT, key_id, sealed)


def test_both_come_from_the_environment_before_their_files(tmp_path: Path) -> None:
    encoded = base64.b64encode(SEED).decode()
    settings = Settings(data_dir=tmp_path, audit_keys=SecretStr(f"a7:{encoded}"), signing_key=SecretStr(encoded))
    assert load_audit_keyring(settings, create=True).ids == ("a7",)
    seed = load_signing_seed(settings, create=True)
    assert seed.get_secret_value() == SEED
    assert not list(tmp_path.iterdir())
    assert encoded not in f"{settings!r}{seed!r}"
    assert str(SEED) not in f"{seed!r}{seed}"


@pytest.mark.parametrize("key", ["!", "AAAA", base64.b64encode(bytes(33)).decode()])
def test_a_signing_key_that_cannot_be_one_is_refused_by_its_own_name(key: str) -> None:
    with pytest.raises(UserError) as error:
        load_signing_seed(Settings(signing_key=SecretStr(key)))
    assert error.value.code == "key_malformed"
    for sentence in (error.value.zh, error.value.en):
        assert "SANZHANG_SIGNING_KEY" in sentence
        assert key not in sentence


async def test_they_are_made_while_nothing_stands_under_them_and_never_after(database_dsn: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    async with own_database(database_dsn, "evidence_keys") as dsn:
        await migrate(dsn)
        await provide_keys(settings, dsn)
        made = [settings.audit_key_file_path, settings.signing_key_file_path]
        assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o600, 0o600]
        before = [path.read_bytes() for path in made]
        await provide_keys(settings, dsn)
        assert [path.read_bytes() for path in made] == before

        now = datetime.now(UTC)
        archive = {"case_number": "C-1", "run": 1, "key_id": "k1", "sealed": b"", "archived_at": now}
        checkpoint = {"number": 1, "size": 1, "root": b"", "algorithm": "sha256", "note": "", "made_at": now}
        engine = new_engine(dsn, pool_size=1)
        async with engine.begin() as connection:
            await connection.execute(insert(t.archives), archive)
            await connection.execute(insert(t.checkpoints), checkpoint)
        await engine.dispose()
        for path, setting in zip(made, ("SANZHANG_AUDIT_KEYS", "SANZHANG_SIGNING_KEY"), strict=True):
            kept = path.read_bytes()
            path.unlink()
            with pytest.raises(UserError) as error:
                await provide_keys(settings, dsn)
            assert error.value.code == "key_file_missing"
            assert setting in error.value.zh
            assert str(path) in error.value.en
            assert not path.exists()
            path.write_bytes(kept)
            path.chmod(0o600)
