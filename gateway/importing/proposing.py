"""What a message of a workbook proposes about itself, in the terms of this installation: its units, its taxonomy."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from schemas.kernel.errors import UserError
from schemas.organisation import Organisation
from schemas.proposals.category import propose_category
from schemas.proposals.ledger import propose_complexity, propose_ledger
from schemas.proposals.proposal import Proposal
from schemas.proposals.taxonomy import Taxonomy
from schemas.proposals.unit import UnitAliases, propose_unit


class Proposals(BaseModel):
    """One message's. The unit's value is always a unit that can answer; a category without any hint is ``None``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Proposal
    ledger: Proposal
    complexity: Proposal
    category: Proposal


class Proposer:
    """Keeps the indexes of one organisation and one taxonomy; about a millisecond a message."""

    def __init__(self, organisation: Organisation, taxonomy: Taxonomy) -> None:
        self._organisation = organisation
        self._aliases = UnitAliases.of(organisation.aliases())
        self._taxonomy = taxonomy

    def propose(self, subject: str, text: str) -> Proposals:
        """All that can be read from the words alone."""
        return Proposals(
            unit=self._unit(subject, text),
            ledger=propose_ledger(subject, text),
            complexity=propose_complexity(subject, text),
            category=propose_category(self._taxonomy, subject, text),
        )

    def _unit(self, subject: str, text: str) -> Proposal:
        proposal = propose_unit(self._aliases, subject, text, default=self._organisation.city_code)
        named = proposal.value or self._organisation.city_code
        answering = self._organisation.answerable(named)
        if answering == named:
            return proposal
        return proposal.model_copy(
            update={
                "value": answering,
                "why": f"{proposal.why}{named} 没有负责人，由 {answering} 负责。",
                "why_en": f"{proposal.why_en} {named} has no chief; {answering} answers for it.",
            }
        )


def load_taxonomy(path: Path | None) -> Taxonomy:
    """The installation's own taxonomy, else the one that ships. ``UserError``: ``taxonomy_unreadable``, ``taxonomy_invalid``."""
    if path is None:
        return Taxonomy.from_csv((files("schemas") / "defaults" / "taxonomy.csv").read_text("utf-8"))
    try:
        return Taxonomy.from_csv(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "UTF-8"
        raise UserError(
            "taxonomy_unreadable",
            zh=f"读不了分类体系文件“{path}”（{reason}）；请检查 SANZHANG_TAXONOMY_FILE，文件应为 UTF-8 编码的 CSV。",
            en=f"The taxonomy file “{path}” cannot be read ({reason}); check SANZHANG_TAXONOMY_FILE: a CSV file in UTF-8.",
            path=str(path),
        ) from wrong
