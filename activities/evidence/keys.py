"""The keys of the evidence: those that seal archived histories, and the one that signs checkpoints.

Both are apart from the keys of the running system: whoever renews those, or loses them, loses no evidence.
"""

from __future__ import annotations

from typing import Final

from pydantic import SecretBytes
from sqlalchemy import Table, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.keys import create_key_file, read_key_file, read_roots
from activities.record.migrate import new_engine
from activities.settings import Settings
from schemas.kernel.errors import UserError
from schemas.record import tables as t
from schemas.sealing.keys import KEY_BYTES, KeyRing, decode_key

AUDIT_KEYS: Final = "SANZHANG_AUDIT_KEYS"
SIGNING_KEY: Final = "SANZHANG_SIGNING_KEY"


def load_audit_keyring(settings: Settings, *, create: bool = False) -> KeyRing:
    """The ring from ``SANZHANG_AUDIT_KEYS``, else from the audit key file; errors and ``create`` as for the ring of payloads.

    Pass ``create`` only while nothing is archived.
    """
    if settings.audit_keys is not None:
        return KeyRing.parse(settings.audit_keys.get_secret_value(), setting=AUDIT_KEYS)
    path = settings.audit_key_file_path
    if create and not path.exists():
        create_key_file(path, setting=AUDIT_KEYS)
    return read_key_file(path, setting=AUDIT_KEYS)


def load_signing_seed(settings: Settings, *, create: bool = False) -> SecretBytes:
    """The Ed25519 seed (RFC 8032: 32 bytes) from ``SANZHANG_SIGNING_KEY``, else from the signing key file, whose first key signs.

    Errors and ``create`` as above; pass that only while there is no checkpoint.
    """
    if settings.signing_key is not None:
        seed = decode_key("signing", settings.signing_key.get_secret_value(), setting=SIGNING_KEY)
    else:
        path = settings.signing_key_file_path
        if create and not path.exists():
            create_key_file(path, setting=SIGNING_KEY)
        roots = read_roots(path, setting=SIGNING_KEY)
        seed = roots[0][1] if roots else b""
    if len(seed) != KEY_BYTES:
        raise UserError(
            "key_malformed",
            zh=f"签名密钥无法使用：须为 {KEY_BYTES} 字节。请检查 {SIGNING_KEY} 或其密钥文件。",
            en=f"The signing key cannot be used: it must be {KEY_BYTES} bytes long. Check {SIGNING_KEY} or its key file.",
            key_id="signing",
        )
    return SecretBytes(seed)


async def provide_keys(settings: Settings, dsn: str) -> None:
    """Sees that both keys are there; makes those under which nothing stands yet, in a new installation or one of an earlier release.

    ``UserError`` ``key_file_missing`` where archives or checkpoints exist and their key is gone.
    """
    engine = new_engine(dsn, pool_size=1)
    try:
        async with engine.connect() as connection:
            archived = await _holds_rows(connection, t.archives)
            signed = await _holds_rows(connection, t.checkpoints)
    finally:
        await engine.dispose()
    load_audit_keyring(settings, create=not archived)
    load_signing_seed(settings, create=not signed)


async def _holds_rows(connection: AsyncConnection, table: Table) -> bool:
    return bool((await connection.execute(select(exists(select(table))))).scalar_one())
