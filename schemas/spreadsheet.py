"""Text that a spreadsheet shows as it was written: for every table that leaves the system, whatever writes it."""

from __future__ import annotations

import re
from typing import Final

FORMULA_STARTS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫")
"""Beginnings that make a spreadsheet take a text for a formula, also when it is saved as CSV later (OWASP, CSV injection). An Excel that was made
for Chinese or Japanese takes the wide forms for the plain ones."""

LONGEST_CELL: Final = 32_767
"""Characters a cell holds (Excel's own limit)."""

_UNSEEN: Final = " \u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
"""What may stand before a formula without anybody, Excel included, minding it."""

_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no workbook can hold: it is XML."""

_LIKE_AN_ESCAPE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def never_a_formula(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet might take it for a formula."""
    bare = text.lstrip(_UNSEEN)
    return f"'{text}" if bare.startswith((*FORMULA_STARTS, "\t", "\r", "\n")) else text


def cell_text(text: str) -> str:
    """The text as it is written into a cell of an .xlsx: never a formula, never longer than a cell, and read back letter by letter.

    In a workbook ``_x0041_`` stands for A: where people wrote just that, its first line is written as ``_x005F_``.
    """
    clean = _NO_XML.sub("", text)[: LONGEST_CELL - 1]
    return _LIKE_AN_ESCAPE.sub("_x005F_", never_a_formula(clean))
