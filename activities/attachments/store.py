"""Where sealed contents lie: a folder, or an object store such as S3."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from schemas.kernel.errors import UserError

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class AttachmentStore:
    """Objects that are written once and never changed. Built by :meth:`at`."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    @classmethod
    def at(cls, place: str) -> AttachmentStore:
        """``place``: a folder, which need not be there yet, or an address such as ``s3://bucket/path``. ``UserError`` ``attachment_store_invalid``."""
        from obstore.exceptions import BaseError  # noqa: PLC0415
        from obstore.store import LocalStore, from_url  # noqa: PLC0415

        try:
            if "://" in place:
                return cls(from_url(place))
            folder = Path(place)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return cls(LocalStore(str(folder)))
        except (BaseError, ValueError, OSError) as error:
            raise UserError(
                "attachment_store_invalid",
                zh=f"附件存放处 {place} 无法使用。SANZHANG_ATTACHMENT_STORE 应为可写目录，或 s3:// 等对象存储地址。",
                en=f"The attachment store {place} can't be used. SANZHANG_ATTACHMENT_STORE must be a folder that can be "
                "written, or the address of an object store, such as s3://bucket/path.",
                place=place,
            ) from error

    async def put(self, path: str, content: bytes) -> None:
        """Writes an object; one that is there already stays as it is."""
        import obstore  # noqa: PLC0415
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415

        try:
            await obstore.put_async(self._objects, path, content, mode="create")
        except AlreadyExistsError:
            return

    async def get(self, path: str) -> bytes | None:
        """An object, or None if there is none of that name."""
        import obstore  # noqa: PLC0415

        try:
            return bytes(await (await obstore.get_async(self._objects, path)).bytes_async())
        except FileNotFoundError:
            return None
