"""Keys on disk and what they seal."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from activities.keys import create_key_file, load_keyring, read_key_file, seal, unseal
from activities.settings import Settings
from schemas.kernel.errors import UserError
from schemas.sealing.keys import KeyRing, Purpose, SealBrokenError

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
RING = KeyRing([("k1", OLD)])
ROTATED = KeyRing([("k2", NEW), ("k1", OLD)])


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as error:
        read_key_file(path)
    assert str(path) in error.value.zh
    assert str(path) in error.value.en
    return error.value.code


def key_file(folder: Path, text: str) -> Path:
    path = folder / "keys.json"
    path.write_text(text)
    path.chmod(0o600)
    return path


@given(st.binary(max_size=2_000), st.sampled_from(Purpose))
def test_what_is_sealed_opens_again_also_after_rotation(clear: bytes, purpose: Purpose) -> None:
    key_id, sealed = seal(RING, purpose, clear)
    assert unseal(ROTATED, purpose, key_id, sealed) == clear
    assert seal(ROTATED, purpose, clear)[0] == "k2"
    assert seal(RING, purpose, clear)[1] != sealed


@given(st.binary(max_size=50), st.data())
def test_any_altered_bit_is_refused(clear: bytes, data: st.DataObject) -> None:
    key_id, sealed = seal(RING, Purpose.PERSONAL, clear)
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    altered = bytearray(sealed)
    altered[place // 8] ^= 1 << place % 8
    with pytest.raises(SealBrokenError):
        unseal(RING, Purpose.PERSONAL, key_id, bytes(altered))


@given(st.binary(max_size=27))
def test_what_is_too_short_is_refused(stub: bytes) -> None:
    with pytest.raises(SealBrokenError, match="cut short"):
        unseal(RING, Purpose.PAYLOAD, "k1", stub)


def test_a_seal_is_bound_to_its_purpose_and_its_key_id() -> None:
    key_id, sealed = seal(RING, Purpose.PERSONAL, b"x")
    with pytest.raises(SealBrokenError):
        unseal(RING, Purpose.PAYLOAD, key_id, sealed)
    # the same root under another id: only the authenticated id tells them apart
    with pytest.raises(SealBrokenError):
        unseal(KeyRing([("k9", OLD)]), Purpose.PERSONAL, "k9", sealed)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, keys=SecretStr("k7:" + "A" * 43 + "="))
    assert load_keyring(settings, create=True).ids == ("k7",)
    assert not list(tmp_path.iterdir())


def test_the_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new" / "folder")
    with pytest.raises(UserError) as missing:
        load_keyring(settings)
    assert missing.value.code == "key_file_missing"
    first = load_keyring(settings, create=True)
    key_id, sealed = seal(first, Purpose.PAYLOAD, b"kept")
    again = load_keyring(settings, create=True)
    assert unseal(again, Purpose.PAYLOAD, key_id, sealed) == b"kept"
    assert stat.S_IMODE(settings.key_file_path.stat().st_mode) == 0o600
    assert [entry.name for entry in settings.key_file_path.parent.iterdir()] == ["keys.json"]


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create_key_file, [path] * 8))
        rings = list(pool.map(read_key_file, [path] * 8))
    assert len({ring.derived("k1", Purpose.PAYLOAD) for ring in rings}) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o666])
def test_a_file_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, "{}")
    path.chmod(mode)
    assert refusal(path) == "key_file_exposed"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"keys": {}}', '{"keys": ["k1"]}', '{"keys": [{"id": 1}]}', '{"keys": [{"id": "k1"}]}']
)
def test_a_file_that_is_not_understood_is_refused(tmp_path: Path, text: str) -> None:
    assert refusal(key_file(tmp_path, text)) == "key_malformed"


def test_a_file_with_a_bad_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="key_malformed"):
        read_key_file(key_file(tmp_path, '{"keys": [{"id": "k1", "key": "AAAA"}]}'))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "key_file_unreadable"


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(UserError) as error:
        create_key_file(tmp_path / "taken" / "keys.json")
    assert error.value.code == "key_file_unwritable"
    assert str(tmp_path) in error.value.en


def test_a_full_disk_leaves_no_half_written_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="key_file_unwritable"):
        create_key_file(tmp_path / "keys.json")
    assert not list(tmp_path.iterdir())
