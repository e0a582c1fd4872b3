"""Cells as people and machines fill them in, made into clean text, ids and numbers.

Each function is idempotent: what it returns, it returns again unchanged.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta

from schemas.kernel.errors import UserError

Cell = int | float | str | bool | time | date | datetime | timedelta | None

ID_LIMIT = 128
"""Characters of a message id; longer ones are texts in the wrong column."""

EXACT_NUMBER_LIMIT = 10**15
"""Excel keeps 15 significant digits; beyond, the last digits of a number have been replaced by zeros."""

_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_LINE_END = re.compile(r" ?\n ?")
_BLANK_LINES = re.compile(r"\n{3,}")
_ALL_SPACE = re.compile(r"\s+")
_WHOLE_NUMBER_TEXT = re.compile(r"(\d{1,200})\.0{1,200}")
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})
_MAYBE_DROPPED = re.compile(r"[^\n -~\u3000-\u303f\u4e00-\u9fff\uff01-\uffee]")


def _kept(found: re.Match[str]) -> str:
    character = found.group()
    return "" if unicodedata.category(character) in _DROPPED_CATEGORIES else character


def _as_text(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def clean_text(value: Cell) -> str:
    """The cell's text without invisible characters; lines are kept, runs of spaces become one, at most one
    blank line in a row.

    Control characters, zero-width characters, byte order marks and lone surrogates are dropped (PostgreSQL
    and JSON cannot hold some of them, and nobody can see the others). The visible characters stay as they
    were written, full-width forms included.
    """
    text = _LINE_ENDS.sub("\n", _as_text(value))
    text = _SPACES.sub(" ", text)
    text = _MAYBE_DROPPED.sub(_kept, text)
    # a dropped character may have stood between two spaces or line ends
    text = _SPACES.sub(" ", text)
    text = _AROUND_LINE_END.sub("\n", text)
    return _BLANK_LINES.sub("\n\n", text).strip()


def clean_line(value: Cell) -> str:
    """As ``clean_text``, on one line."""
    return _ALL_SPACE.sub(" ", clean_text(value))


def clean_id(value: Cell) -> str:
    """A message id: numbers and their texts give the same id (``188031``, ``188031.0``, ``"１８８０３１"`` →
    ``"188031"``).

    Empty cells give ``""``. Refuses, as ``UserError``: ``id_unreadable`` (a date, yes/no, a fraction),
    ``id_imprecise`` (a number too long for Excel to keep), ``id_oversize``.
    """
    if isinstance(value, (bool, date, time, timedelta)) or (isinstance(value, float) and not value.is_integer()):
        raise UserError(
            "id_unreadable",
            zh=f"编号“{value}”不是编号（是日期、是否值或小数）；请把该列设为文本后重填。",
            en=(
                f"The id “{value}” is no id (a date, a yes/no or a fraction); make the column text and fill "
                "it in again."
            ),
        )
    if isinstance(value, (int, float)):
        if abs(value) >= EXACT_NUMBER_LIMIT:
            raise UserError(
                "id_imprecise",
                zh="编号超过 15 位数字且存为数值，Excel 已丢失末位；请把该列设为文本后重填。",
                en=(
                    "The id has more than 15 digits and is stored as a number, so Excel has lost its last "
                    "digits; make the column text."
                ),
            )
        return str(int(value))
    text, settled = "", _ALL_SPACE.sub("", clean_text(value))
    # Composing may bring forth what cleaning drops, and dropping may bring together what composes.
    while text != settled:
        text, settled = settled, _ALL_SPACE.sub("", clean_text(unicodedata.normalize("NFKC", settled)))
    while whole := _WHOLE_NUMBER_TEXT.fullmatch(text):
        text = whole.group(1)
    if len(text) > ID_LIMIT:
        raise UserError(
            "id_oversize",
            zh=f"编号有 {len(text)} 个字符，超过上限 {ID_LIMIT}；请检查是否对错了列。",
            en=(
                f"The id has {len(text)} characters, over the limit of {ID_LIMIT}; check whether the column "
                "is the right one."
            ),
        )
    return text


def clean_count(value: Cell) -> int | None:
    """A number of likes or the like; an empty cell gives ``None``. Refuses ``count_unreadable`` as
    ``UserError``."""
    text = unicodedata.normalize("NFKC", clean_line(value)).replace(",", "")
    if not text:
        return None
    if whole := _WHOLE_NUMBER_TEXT.fullmatch(text):
        text = whole.group(1)
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise UserError(
            "count_unreadable",
            zh=f"“{text[:40]}”不是非负整数，该数未采用。",
            en=f"“{text[:40]}” is not a whole number of zero or more; it was left out.",
        )
    return int(text)
