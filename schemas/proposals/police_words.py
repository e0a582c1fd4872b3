"""The words by which people speak of the police and complain of them, as data (``schemas/defaults/police_words.yaml``)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _divided(given: Any) -> Any:
    return tuple(dict.fromkeys(given.split())) if isinstance(given, str) else given


Words = Annotated[tuple[str, ...], BeforeValidator(_divided), Field(min_length=1)]
"""Words divided by blanks, each once."""


class PoliceWords(BaseModel):
    """What each list is for stands beside it in the file. Every list that narrows another (``officers``, ``close``) may name words not in that."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    police: Words
    officers: Words
    stations: Words
    serving: Words
    business: Words
    handling: Words
    spoken_of: Words
    context: Words
    elsewhere: Words
    trades: Words
    everyday: Words
    accusing: Words
    grave: Words
    at_once: Words
    deeds: Words
    close: Words
    soft: str
    harmless: Words
    thanks: Words
    friendly: Words
