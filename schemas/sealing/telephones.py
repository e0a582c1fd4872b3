"""Telephone numbers as people write them: several in one cell, of other countries, with extensions, spoilt by a spreadsheet.

Every pattern looks at most at what `LONGEST` lets through.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

LONGEST: Final = 200
"""Characters that are looked at: no cell with telephone numbers is longer."""

MOST_DIGITS: Final = 17
"""What one number has at most: 15 (E.164) and the 00 before them."""

FEWEST_DIGITS: Final = 7
"""By fewer nobody is found, for hotlines and extensions are shorter."""

_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－ー"), "-")
_SCIENTIFIC: Final = re.compile(r"(?<![\w.])(\d)(?:\.(\d{1,30}))?E\+?(\d{1,2})(?!\w)", re.IGNORECASE)
_AREA: Final = re.compile(r"\(\s{0,3}(\+?\d{2,4})\s{0,3}\)")
_WRITTEN: Final = re.compile(
    r"(\+?\d(?:[\d \-.]{0,60}\d)?)(?:[ -]{0,3}(?:转|分机|ext(?:ension)?\.?|x|#)[ :]{0,3}(\d{1,8}))?", re.IGNORECASE
)
_MOBILE: Final = re.compile(r"(?<!\d)(?:(?:\+|00)?86[ -]?|0)?(1[3-9]\d[ .-]?\d{4}[ .-]?\d{4})(?!\d)")
_RUN_TOGETHER: Final = re.compile(r"(?:1[3-9]\d{9}){2,8}")
_WITH_EXTENSION: Final = re.compile(r"(0\d{2,3}-\d{7,8})-(\d{1,6})")
_COUNTRY: Final = re.compile(r"^(?:00)?86(?=1[3-9]\d{9}$|0?[1-9]\d{8,10}$)")


class Telephone(NamedTuple):
    """``digits`` of the number itself, without China's country code; ``extension`` behind it."""

    digits: str
    extension: str = ""


def telephones(written: str) -> tuple[Telephone, ...]:
    """Every number that was written, in its order, once each. What a spreadsheet has rounded (1.38E+10) is no number: its end is lost."""
    plain = unicodedata.normalize("NFKC", written[:LONGEST]).translate(_DASHES)
    plain = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    plain = _SCIENTIFIC.sub(_exact, re.sub(r"(?<=\d{7})\.0{1,2}(?!\d)", "", plain))
    plain = _AREA.sub(r"\1-", plain)
    found: list[Telephone] = []
    for piece in _WRITTEN.finditer(re.sub(r"[\t\n\r]", ";", plain)):
        numbers = [_split_extension(each) for each in _numbers(piece.group(1))]
        if numbers and piece.group(2):
            numbers[-1] = numbers[-1]._replace(extension=piece.group(2))
        found += numbers
    whole = [each for each in found if len(each.digits) >= FEWEST_DIGITS]
    return tuple(dict.fromkeys(whole or _what_there_is(found)))


def rounded(written: str) -> bool:
    """Whether a spreadsheet has rounded a number in it, so that its last digits are lost."""
    plain = unicodedata.normalize("NFKC", written[:LONGEST])
    return any(not _exact(each).strip() for each in _SCIENTIFIC.finditer(plain))


def _what_there_is(found: list[Telephone]) -> list[Telephone]:
    """Of a number too short, or cut in pieces, what was given of it."""
    joined = "".join(each.digits for each in found)
    return [Telephone(joined)] if joined else []


def _exact(number: re.Match[str]) -> str:
    """The digits, where all of them are there."""
    before, after, places = number.group(1), number.group(2) or "", int(number.group(3))
    return before + after if len(after) == places else " "


def _split_extension(number: str) -> Telephone:
    if extended := _WITH_EXTENSION.fullmatch(number):
        return Telephone(_digits(extended.group(1)), extended.group(2))
    return Telephone(_digits(number))


def _numbers(piece: str) -> list[str]:
    """A stretch of digits, blanks and dashes as numbers."""
    if _RUN_TOGETHER.fullmatch(piece):
        return [piece[at : at + 11] for at in range(0, len(piece), 11)]
    numbers: list[str] = []
    end = 0
    for mobile in _MOBILE.finditer(piece):
        numbers += _others(piece[end : mobile.start()])
        numbers.append(mobile.group(1))
        end = mobile.end()
    return numbers + _others(piece[end:])


def _others(piece: str) -> list[str]:
    groups = [each for each in piece.split(" ") if _digits(each)]
    whole = [each for each in groups if len(_digits(each)) >= FEWEST_DIGITS]
    together = sum(len(_digits(each)) for each in groups)
    if len(whole) > 1 or (whole and together > MOST_DIGITS):
        return whole
    return ["-".join(groups).strip("-")] if groups else []


def _digits(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return _COUNTRY.sub("", digits)
