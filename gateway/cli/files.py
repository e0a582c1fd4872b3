"""Files that people name on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from schemas.kernel.errors import UserError

TEXT_LIMIT = 20_000_000
"""Bytes of a text file; an organisation of fifty thousand people has a quarter of it."""


def read_text(name: str) -> str:
    """The text of a file, or of standard input (``-``). ``UserError`` ``file_unreadable``."""
    try:
        data = sys.stdin.buffer.read(TEXT_LIMIT + 1) if name == "-" else _bytes(Path(name))
    except (OSError, ValueError) as error:
        # ValueError: a name that no file can have
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(name, f"无法读取（{reason}）", f"it can't be read ({reason})") from None
    if len(data) > TEXT_LIMIT:
        raise _unreadable(name, f"超过 {TEXT_LIMIT:,} 字节", f"it has more than {TEXT_LIMIT:,} bytes")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unreadable(name, "不是 UTF-8 或 GB18030 文本", "it is neither UTF-8 nor GB18030 text")


def _bytes(path: Path) -> bytes:
    with path.open("rb") as source:
        return source.read(TEXT_LIMIT + 1)


def _unreadable(name: str, zh: str, en: str) -> UserError:
    return UserError("file_unreadable", zh=f"文件 {name}：{zh}。", en=f"The file {name}: {en}.", file=name)
