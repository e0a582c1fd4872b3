"""Which unit a text names, through the names people use for places (``A3区`` → ``XA/A3``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from schemas.kernel.units import ancestors
from schemas.proposals.names import NameIndex
from schemas.proposals.proposal import Proposal, folded, quoted

READ_CHARACTERS = 4_000

_PLACE = re.compile(r"(?<![A-Za-z0-9])[A-Z]\d{0,2}[市区县]")
"""A place as published data writes it; names in full cannot be told from other words without a gazetteer."""


class Mention(NamedTuple):
    """One place in the text: the alias as its unit writes it, the unit, and where it stands (subject before text)."""

    alias: str
    unit: str
    at: int


class UnitAliases(BaseModel):
    """The names of places by which units are found; keep one, it holds the index."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aliases: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, aliases: Mapping[str, str]) -> UnitAliases:
        """``aliases`` maps a name to a unit's code; names are compared without width, case and spaces, empty ones are
        left out."""
        return cls(aliases=tuple((alias, unit) for alias, unit in aliases.items() if folded(alias)))

    @cached_property
    def index(self) -> NameIndex[tuple[str, str]]:
        """Each name as it is compared, with how it is written and its unit."""
        return NameIndex((folded(alias), (alias, unit)) for alias, unit in self.aliases)

    def mentions(self, subject: str, text: str) -> list[Mention]:
        """Every place named, in the order of reading. At one place the longest name wins: 长沙县 is never taken for
        长沙."""
        whole = f"{folded(subject)}\n{folded(text[:READ_CHARACTERS])}"
        # Of two aliases that are compared alike the later counts.
        return [Mention(*found.meanings[-1], found.start) for found in self.index.find(whole)]


def propose_unit(
    aliases: UnitAliases | Mapping[str, str], subject: str, text: str, *, default: str | None = None
) -> Proposal:
    """The most specific unit named: the deepest in the tree, then the longest name, then the first mentioned;
    ``default`` when none is.

    Depth is read from the paths (``XA/A3`` lies below ``XA``). ``A13区`` never counts as ``A1`` or ``A3``.
    """
    known = aliases if isinstance(aliases, UnitAliases) else UnitAliases.of(aliases)
    mentions = known.mentions(subject, text)
    if not mentions:
        elsewhere = _PLACE.search(f"{subject}\n{text[:READ_CHARACTERS]}")
        named = elsewhere.group() if elsewhere else ""
        return Proposal(
            value=default,
            confidence=0.2 if default else 0,
            why=(f"文中提到的“{named}”不是本机构的地名。" if named else "文中没有提到已知地名。")
            + (f"暂归 {default}。" if default else ""),
            why_en=(f"The text names “{named}”, which is no place of ours." if named else "No known place is named.")
            + (f" Taken for {default}." if default else ""),
        )
    best = max(mentions, key=lambda mention: (mention.unit.count("/"), len(mention.alias), -mention.at))
    in_subject = best.at < len(folded(subject))
    elsewhere = {mention.unit for mention in mentions} - {best.unit, *ancestors(best.unit)}
    return Proposal(
        value=best.unit,
        confidence=round((0.95 if in_subject else 0.8) / (1 + 0.3 * len(elsewhere)), 2),
        why=f"{'主题' if in_subject else '正文'}提到{quoted([best.alias])}。"
        + (f"另提到 {'、'.join(sorted(elsewhere)[:4])}。" if elsewhere else ""),
        why_en=f"The {'subject' if in_subject else 'text'} names {quoted([best.alias])}."
        + (f" It also names {', '.join(sorted(elsewhere)[:4])}." if elsewhere else ""),
    )
