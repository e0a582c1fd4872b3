"""Where root keys come from, and the one way bytes are sealed with them."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from activities.settings import Settings
from schemas.kernel.errors import UserError
from schemas.sealing.keys import KEY_BYTES, PAYLOAD_KEYS, KeyRing, Purpose, SealBrokenError, decode_key

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_FIRST_KEY: Final = "k1"


def load_keyring(settings: Settings, *, create: bool = False) -> KeyRing:
    """The ring from ``SANZHANG_KEYS``, else from the key file.

    ``create`` makes the file once, with one random key and mode 0600; pass it only while there is no data
    yet, for a new key cannot open old data. Errors: ``key_malformed``, ``key_file_missing``,
    ``key_file_exposed``, ``key_file_unreadable``, ``key_file_unwritable``.
    """
    if settings.keys is not None:
        return KeyRing.parse(settings.keys.get_secret_value())
    path = settings.key_file_path
    if create and not path.exists():
        create_key_file(path)
    return read_key_file(path)


def read_key_file(path: Path, *, setting: str = PAYLOAD_KEYS) -> KeyRing:
    """Read ``{"keys": [{"id": "k1", "key": BASE64}, …]}``, newest first, refusing a file that others can
    open. ``setting``: what may be set instead of the file, for what is said of its errors.
    """
    return KeyRing(read_roots(path, setting=setting), setting=setting)


def read_roots(path: Path, *, setting: str = PAYLOAD_KEYS) -> list[tuple[str, bytes]]:
    """The ids and keys of a key file, as they stand in it; errors as of `read_key_file`."""
    try:
        with path.open("rb") as file:
            # asked of the open file, not of the path: what is checked is what is read
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise UserError(
                    "key_file_exposed",
                    zh=f"密钥文件 {path} 的权限为 {mode:04o}，其他用户可以访问。请执行 chmod 600，并考虑更换密钥。",
                    en=f"The key file {path} has mode {mode:04o}: others can open it. "
                    "Run chmod 600 on it and consider new keys.",
                    path=str(path),
                    mode=f"{mode:04o}",
                )
            text = file.read()
    except FileNotFoundError:
        raise UserError(
            "key_file_missing",
            zh=f"找不到密钥文件 {path}。没有原来的密钥就读不出已有数据：请从备份恢复该文件，或设置 {setting}。",
            en=f"There is no key file {path}. Existing data cannot be read without its keys: "
            f"restore the file from a backup or set {setting}.",
            path=str(path),
        ) from None
    except OSError as error:
        raise UserError(
            "key_file_unreadable",
            zh=f"无法读取密钥文件 {path}（{error.strerror}）。请检查所有者与权限。",
            en=f"The key file {path} cannot be read ({error.strerror}). Check its owner and mode.",
            path=str(path),
        ) from error
    return _roots(path, text, setting)


def create_key_file(path: Path, *, setting: str = PAYLOAD_KEYS) -> None:
    """Write a file with one new random key; does nothing when another process was faster. Raise
    ``key_file_unwritable``.
    """
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    text = json.dumps({"keys": [{"id": _FIRST_KEY, "key": key}]}, indent=1) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes the file 0600, and the link appears whole or not at all: two processes that start
        # together share one key
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".keys-")
        draft = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(draft)
            _sync_folder(path.parent)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise UserError(
            "key_file_unwritable",
            zh=f"无法在 {path.parent} 写入密钥文件（{error.strerror}）。请检查目录权限与磁盘空间，或设置 {setting}。",
            en=f"The key file cannot be written in {path.parent} ({error.strerror}). "
            f"Check the folder's mode and free space, or set {setting}.",
            path=str(path),
        ) from error


def seal(keyring: KeyRing, purpose: Purpose, clear: bytes) -> tuple[str, bytes]:
    """AES-256-GCM under the current key: its id, and nonce + ciphertext + tag. Purpose and key id are
    authenticated with it.
    """
    key_id = keyring.current
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(keyring.derived(key_id, purpose)).encrypt(nonce, clear, _bound(purpose, key_id))
    return key_id, nonce + sealed


def unseal(keyring: KeyRing, purpose: Purpose, key_id: str, sealed: bytes) -> bytes:
    """What ``seal`` was given. Raise ``UserError`` ``key_missing`` for a key the ring lacks,
    ``SealBrokenError`` for altered bytes.
    """
    key = keyring.derived(key_id, purpose)
    if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
        raise SealBrokenError(f"sealed {purpose.value} under {key_id} is cut short")
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(purpose, key_id))
    except InvalidTag:
        raise SealBrokenError(f"sealed {purpose.value} does not open under {key_id}: it was altered") from None


def _bound(purpose: Purpose, key_id: str) -> bytes:
    return f"sanzhang/{purpose.value}/{key_id}".encode()


def _roots(path: Path, text: bytes, setting: str) -> list[tuple[str, bytes]]:
    malformed = UserError(
        "key_malformed",
        zh=f"密钥文件 {path} 的内容无法识别。应为 JSON：keys 列表，每项含 id 与 key；请从备份恢复。",
        en=f'The key file {path} is not understood. It must be JSON with a list "keys" of "id" and "key"; '
        "restore it from a backup.",
        path=str(path),
    )
    try:
        document: object = json.loads(text)
    except ValueError:
        raise malformed from None
    entries = cast("dict[str, object]", document).get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise malformed
    roots: list[tuple[str, bytes]] = []
    for entry in cast("list[object]", entries):
        fields = cast("dict[str, object]", entry) if isinstance(entry, dict) else {}
        key_id, key = fields.get("id"), fields.get("key")
        if not isinstance(key_id, str) or not isinstance(key, str):
            raise malformed
        roots.append((key_id, decode_key(key_id, key, setting=setting)))
    return roots


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
