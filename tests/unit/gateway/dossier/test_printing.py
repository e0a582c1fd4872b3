"""Whatever people write is set as they wrote it, and commands nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dossier.packing import packed
from gateway.dossier.printing import UNBROKEN, fonts, paragraphs, printable, printed

WANTED = ("Noto Sans CJK SC", "Noto Sans Mono CJK SC", "Noto Serif CJK SC")
HOSTILE = (
    "#panic()",
    '#read("/etc/passwd")',
    "$1/0$",
    "\\",
    "*",
    "[",
    "]",
    "`",
    "//",
    "/*",
    "= x\n- y\n+ z",
    '"',
    "\u202e",
    "\x00",
)


def pages(text: str) -> dict[str, Any]:
    """The least a dossier consists of, the text in every place where people's words stand."""
    said = printable(text)
    lists = ("cover", "facts", "petitioners", "stations", "days", "stretches", "shares", "notices", "readings", "work")
    empty: dict[str, Any] = {name: [] for name in (*lists, "clocks", "links", "seals", "files", "revisits")}
    words = (
        "heading",
        "edition",
        "number",
        "title",
        "keeper",
        "made",
        "petitioners_note",
        "sum",
        "algorithm",
        "unproven",
    )
    deed = {"seq": "1", "at": said, "late": said, "who": said, "right": said, "said": [said]}
    answer = {"head": said, "meta": said, "text": [said], "measures": [said]}
    return (
        empty
        | dict.fromkeys(words, said)
        | {"warning": [said, said], "text": paragraphs(said), "deeds": [deed], "answers": [answer]}
        | {"sums": True, "verifying": [said], "proof": {}, "revisits": [[said] * 4], "facts": [[said, said]]}
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_taken_for_a_command(text: str) -> None:
    assert printed(pages(f"前{text}后")).startswith(b"%PDF-")


def test_the_same_pages_give_the_same_bytes() -> None:
    assert printed(pages("路灯不亮")) == printed(pages("路灯不亮"))


def test_the_fonts_come_along_and_hold_what_the_template_names() -> None:
    assert set(WANTED) <= set(fonts().families())
    template = typst.query(b'#metadata("x") <a>', "<a>", font_paths=fonts())
    assert json.loads(template)[0]["value"] == "x"


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=60))
@settings(max_examples=200, deadline=None)
def test_what_could_mislead_is_shown_by_its_number_and_the_rest_as_it_is(text: str) -> None:
    shown = printable(text)
    assert not set("\u202e\u200e\x00\x1b\u2028") & set(shown)
    plain = "".join(char for char in text if char.isalnum() and char <= "\uffff")
    kept = shown.replace("\u200b", "")
    assert all(char in kept for char in plain)


def test_a_word_without_an_end_can_be_broken() -> None:
    assert max(map(len, printable("A" * 500).split("\u200b"))) == UNBROKEN


def test_a_dossier_of_the_same_contents_is_the_same_file() -> None:
    contents = {"README.md": b"a", "events.jsonl": b"b", "dossier.pdf": b"c"}
    assert packed(contents) == packed(dict(reversed(contents.items())))
