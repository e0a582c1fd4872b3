"""The glossary names code that is there, and each word once."""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module
from pathlib import Path

GLOSSARY = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"
ROW = re.compile(r"^\| (?P<term>[^|]+) \| (?P<zh>[^|]+) \| [^|]+ \| `(?P<code>[\w.]+)` \|$", re.MULTILINE)


def test_every_code_name_of_the_glossary_is_there() -> None:
    rows = list(ROW.finditer(GLOSSARY.read_text("utf-8")))
    assert len(rows) > 30
    for row in rows:
        module, _, name = row["code"].rpartition(".")
        assert hasattr(import_module(module), name), row["code"]
        assert re.search("[一-鿿]", row["zh"]), row["term"]


def test_a_word_stands_for_one_thing() -> None:
    terms = Counter(
        term.strip() for row in ROW.finditer(GLOSSARY.read_text("utf-8")) for term in row["term"].split(",")
    )
    assert [term for term, times in terms.items() if times > 1] == []
