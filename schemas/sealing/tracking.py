"""Tracking codes as they are made and as people type them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from schemas.kernel.errors import UserError

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without the characters people confuse when they read a code aloud."""

LENGTH: Final = 12
LONGEST: Final = 200
_GROUPED: Final = re.compile(r"(?<![0-9A-Z])(?:[2-9A-HJKMNP-Z][ -]?){11}[2-9A-HJKMNP-Z](?![0-9A-Z])")
_LIKE_ONE: Final = re.compile(r"(?<![0-9A-Z])(?:[0-9A-Z][ -]?){11}[0-9A-Z](?![0-9A-Z])")
"""A code among other words: rather one of the right characters than some letters in a row."""


def folded(said: str) -> str:
    """The code in what somebody typed or pasted: in full width, in groups, with its label, with what can't be seen; else the letters and digits there
    are, which no case has.

    ``UserError`` ``tracking_code_characters`` where it holds a character that no code has.
    """
    plain = unicodedata.normalize("NFKC", said[:LONGEST])
    plain = "".join(char for char in plain if unicodedata.category(char)[0] != "C").upper()
    plain = re.sub(r"[‐-―−]", "-", plain)
    for part in (plain.rpartition(":")[2], plain):
        found = [re.sub(r"[^0-9A-Z]", "", part)]
        found += [each.group() for each in _GROUPED.finditer(part)]
        found += [each.group() for each in _LIKE_ONE.finditer(part)]
        for each in found:
            code = re.sub(r"[ -]", "", each)
            if len(code) == LENGTH:
                _check(code)
                return code
    return re.sub(r"[^0-9A-Z]", "", plain)


def _check(code: str) -> None:
    if strange := sorted(set(code) - set(ALPHABET)):
        raise UserError(
            "tracking_code_characters",
            zh=f"查询码里没有 {'、'.join(strange)}：查询码不用数字 0、1 和字母 I、L、O，请对照原文再看一遍。",
            en=f"No tracking code has {', '.join(strange)} in it: the digits 0 and 1 and the letters I, L and O are not used. "
            "Please look at it again.",
        )
