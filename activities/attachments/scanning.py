"""Looking at a file before it is kept: whether it is what it says it is, and whether the installation's scanner lets it pass."""

from __future__ import annotations

import asyncio
import contextlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

from schemas.kernel.errors import UserError
from schemas.media_types import ATTACHABLE

SCAN_SECONDS: Final = 60.0
NAME_LIMIT: Final = 120
"""Characters of a name."""

_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def clean_name(given: str) -> str:
    """The name as it may stand on any disk and in any listing: no folders, no control or direction marks, no device names."""
    name = PureWindowsPath(PurePosixPath(given.replace("\0", "")).name).name
    name = "".join(char for char in name if unicodedata.category(char)[0] != "C" and char not in '<>:"|?*\\/')
    name = unicodedata.normalize("NFC", name).strip(" .")
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    stem, dot, extension = name.rpartition(".")
    if dot and len(extension) <= 10:
        return f"{stem[: NAME_LIMIT - len(extension) - 1] or '附件'}.{extension}"
    return name[:NAME_LIMIT] or "附件"


def check_type(media_type: str, content: bytes, allowed: Sequence[str]) -> None:
    """``UserError`` ``attachment_type_wrong`` for a type that is not taken, or a content that is not of the type it says."""
    beginnings = ATTACHABLE.get(media_type, ())
    fits = not beginnings or any(content[at : at + len(mark)] == mark for at, mark in beginnings)
    if media_type == "text/plain":
        fits = _is_text(content)
    if media_type in allowed and fits:
        return
    listed = "、".join(allowed)
    raise UserError(
        "attachment_type_wrong",
        zh=f"不接受此附件：{'内容与类型' if media_type in allowed else '类型'} {media_type[:80]} 不符；可附：{listed}。",
        en=f"This attachment is not taken: {'its content is not of the type' if media_type in allowed else 'the type'} "
        f"{media_type[:80]}; types that may be attached: {', '.join(allowed)}.",
        allowed=list(allowed),
    )


def _is_text(content: bytes) -> bool:
    if b"\0" in content:
        return False
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            content.decode(encoding)
            return True
    return False


async def scan(command: Sequence[str], content: bytes, *, seconds: float = SCAN_SECONDS) -> str:
    """``clean``, or ``unscanned`` where no scanner is set. ``UserError``: ``attachment_refused`` by it, ``scan_unavailable`` where it does not answer."""
    if not command:
        return "unscanned"
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise _unavailable() from error
    try:
        async with asyncio.timeout(seconds):
            # A scanner may have seen enough before it has read all.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                await process.communicate(content)
            status = await process.wait()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise _unavailable() from error
    if status == 1:
        raise UserError(
            "attachment_refused",
            zh="此附件未通过安全检查，未予保存。",
            en="This attachment did not pass the scanner and is not kept.",
        )
    if status != 0:
        raise _unavailable()
    return "clean"


def _unavailable() -> UserError:
    return UserError(
        "scan_unavailable",
        zh="附件检查程序没有应答，附件未保存，请稍后重试。",
        en="The scanner does not answer; the attachment is not kept. Try again later.",
    )
