"""One proposal, and the reading of texts that all proposals share."""

from __future__ import annotations

import unicodedata
from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class Proposal(BaseModel):
    """A value with the reason for it.

    ``value`` is ``None`` when the text gives no hint. ``confidence`` runs from 0 (a guess) to 1 (said in so many
    words); it orders proposals, it is no probability. ``why`` and ``why_en`` are sentences for the person who
    confirms or corrects.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: str | None
    confidence: float = Field(ge=0, le=1)
    why: str
    why_en: str


LONGEST_READ: Final = 24_000
"""Characters that are read of a text: as many as a petition may have with its title."""


def folded(text: str) -> str:
    """The text as it is compared: half width, lower case, no white space (people break lines inside words); no more of it than is read.

    One character may stand for eighteen (ﷺ), so that a text within its length would otherwise be many times as long.
    """
    plain = unicodedata.normalize("NFKC", text[:LONGEST_READ])[:LONGEST_READ]
    return "".join(plain.casefold().split())[:LONGEST_READ]


def quoted(words: list[str], most: int = 4) -> str:
    """The first few words in Chinese quotation marks, each once."""
    return "".join(f"“{word}”" for word in list(dict.fromkeys(words))[:most])
