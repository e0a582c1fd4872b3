"""Text that can be kept: what no database holds is refused at the door, before the engine has promised to carry it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from schemas.kernel.errors import UserError
from schemas.kernel.storable import is_storable


def check_text(value: Any, where: str) -> None:
    """``UserError`` ``text_unstorable`` where a text in a JSON value holds NUL or half of a code point; ``where`` is how people know the value."""
    if not is_storable(value):
        raise unstorable(where)


def check_storable(sent: BaseModel) -> None:
    """As :func:`check_text`, of everything that is sent; the field that can't be kept is named.

    Accepted, it could never be committed, and would stand in the way of everything else its case is to be told.
    """
    for name, value in sent:
        check_text(value, name)


def unstorable(where: str) -> UserError:
    """A text with NUL or half of a code point."""
    return UserError(
        "text_unstorable",
        zh=f"“{where}”含有无法保存的字符（NUL 或不完整的编码），请删除后重试。",
        en=f"“{where}” holds characters that can't be stored (NUL, or half of a code point); remove them and try again.",
        where=[where],
    )
