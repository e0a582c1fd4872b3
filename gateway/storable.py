"""Text that can be kept: what no database holds is refused at the door, before the engine has promised to carry it."""

from __future__ import annotations

import contextlib
import re

from pydantic_core import PydanticSerializationError

from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen

NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""NUL as JSON writes it, and not a backslash followed by u0000."""


def check_storable(sent: Frozen) -> None:
    """``UserError`` ``text_unstorable`` where a text holds NUL or half of a code point.

    Accepted, it could never be committed, and would stand in the way of everything else its case is to be told.
    """
    with contextlib.suppress(PydanticSerializationError):
        if not NUL.search(sent.model_dump_json()):
            return
    raise UserError(
        "text_unstorable",
        zh="内容含有无法保存的字符（NUL 或不完整的编码），请删除后重试。",
        en="The text holds characters that can't be stored (NUL, or half of a code point); remove them and try again.",
    )
