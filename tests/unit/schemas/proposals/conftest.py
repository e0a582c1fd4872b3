"""The taxonomy that ships."""

from __future__ import annotations

from importlib.resources import files

import pytest

from schemas.proposals.taxonomy import Taxonomy


@pytest.fixture
def default_taxonomy() -> Taxonomy:
    return Taxonomy.from_csv((files("schemas") / "defaults" / "taxonomy.csv").read_text(encoding="utf-8"))
