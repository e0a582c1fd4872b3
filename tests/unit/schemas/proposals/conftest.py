"""The real messages, read once, and the taxonomies."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

import pytest

from schemas.proposals.taxonomy import Taxonomy


@pytest.fixture
def shared_data() -> Path:
    """The folder of the real workbooks, which are read and never copied."""
    default = Path(__file__).resolve().parents[5] / "shared" / "data"
    return Path(os.environ.get("SANZHANG_SHARED_DATA", default))


@pytest.fixture
def default_taxonomy() -> Taxonomy:
    return Taxonomy.from_csv((files("schemas") / "defaults" / "taxonomy.csv").read_text(encoding="utf-8"))
