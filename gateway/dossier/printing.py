"""From facts to pages: the template beside this module, set by Typst with fonts that come along."""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import typst

FONTS: Final = ("NotoSerifCJKsc-Regular.otf", "NotoSansCJKsc-Regular.otf", "NotoSansMonoCJKsc-Regular.otf")
"""宋体 for the text, 黑体 for headings, and one of even width for hashes; all under the SIL Open Font License."""

_UNPRINTABLE: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Controls, what is no character, and what turns or breaks a line unseen; of the rest the fonts lack pictographs."""

UNBROKEN: Final = 24
"""Letters without a break after which one is offered: a line can't hold more in the narrowest column."""


def printed(pages: dict[str, Any]) -> bytes:
    """The PDF of these pages (see :mod:`gateway.dossier.pages`); the same pages give the same bytes."""
    return typst.compile(
        (files("gateway.dossier") / "dossier.typ").read_bytes(),
        font_paths=fonts(),
        sys_inputs={"data": json.dumps(pages, ensure_ascii=False)},
        format="pdf",
        timestamp=0,
    )


@lru_cache(maxsize=1)
def fonts() -> typst.Fonts:
    """The folder they lie in; the template names what it takes of it. Their package is only found, never imported: it would draw with other libraries."""
    found = find_spec("mplfonts")
    for place in found.submodule_search_locations or () if found is not None else ():
        folder = Path(place) / "fonts"
        if all((folder / name).is_file() for name in FONTS):
            return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    raise RuntimeError(f"the package mplfonts does not hold the fonts {', '.join(FONTS)}")


def printable(said: str) -> str:
    """A text as it can be set on paper and not mislead: what does not print or turns the direction is shown by its number."""
    shown: list[str] = []
    run = 0
    for char in said.replace("\r\n", "\n").replace("\r", "\n"):
        if char in "\n\t":
            shown.append(char)
            run = 0
            continue
        if unicodedata.category(char) in _UNPRINTABLE or (char > "\uffff" and unicodedata.category(char) != "Lo"):
            shown.append(f"‹U+{ord(char):04X}›")
            run = 0
            continue
        run = 0 if char.isspace() or unicodedata.east_asian_width(char) in "WF" else run + 1
        shown.append(char)
        if run == UNBROKEN:
            shown.append("\u200b")
            run = 0
    return "".join(shown)


def paragraphs(said: str) -> list[str]:
    """The lines of a text that hold something."""
    return [line for line in (part.strip() for part in said.splitlines()) if line]
