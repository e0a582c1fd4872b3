"""What ships with the software as data: the first policy and organisation of an installation, and the city of the demonstration."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Self

from pydantic import Field, model_validator

from activities.documents import read_document, read_organisation, read_policy
from schemas.kernel.model import Frozen
from schemas.organisation import Organisation
from schemas.petition.state import Complexity, Ledger
from schemas.policy import Policy
from schemas.proposals.police_words import PoliceWords
from schemas.sealing.personal import PersonalData


class DemoPetition(Frozen):
    """One petition of the demonstration. No petitioner: anonymous; several: joint. ``same_matter_as``: the key of the one it repeats."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    channel: str
    ledger: Ledger
    complexity: Complexity
    unit: str
    title: str
    text: str
    petitioners: tuple[PersonalData, ...] = ()
    accused_units: tuple[str, ...] = ()
    accused_persons: tuple[str, ...] = ()
    same_matter_as: str = ""


class DemoPetitions(Frozen):
    """The file of them; each key once, and a repetition comes after what it repeats."""

    petitions: tuple[DemoPetition, ...]

    @model_validator(mode="after")
    def _keys_agree(self) -> Self:
        seen: set[str] = set()
        for petition in self.petitions:
            if petition.key in seen:
                raise ValueError(f"编号 {petition.key} 重复 / the key {petition.key} is used twice")
            if petition.same_matter_as and petition.same_matter_as not in seen:
                raise ValueError(
                    f"{petition.key} 所重复的 {petition.same_matter_as} 不在其前 / "
                    f"{petition.same_matter_as}, which {petition.key} repeats, does not come before it"
                )
            seen.add(petition.key)
        return self


def default_policy() -> Policy:
    """The policy of a new installation, version 1."""
    return read_policy(_text("policy.yaml"))


def default_organisation() -> Organisation:
    """The organisation of a new installation, version 1: a small city ``XA`` whose districts are named as in published data (``A3区``)."""
    return read_organisation(_text("organisation.yaml"))


def demo_organisation() -> Organisation:
    """The city of the demonstration, version 1: a city bureau, 3 branches, 9 stations, departments, people for every role."""
    return read_organisation(_text("demo_organisation.yaml"))


def demo_petitions() -> tuple[DemoPetition, ...]:
    """The 40 petitions of the demonstration, in the order they come in."""
    return read_document(_text("demo_petitions.yaml"), DemoPetitions, "petitions").petitions


def police_words() -> PoliceWords:
    """The words by which a complaint of the police is known."""
    return read_document(_text("police_words.yaml"), PoliceWords, "police_words")


def _text(name: str) -> str:
    return (files("schemas") / "defaults" / name).read_text("utf-8")
