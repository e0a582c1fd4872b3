"""Did this code decide that? Today's workflow run over recorded histories, and what it decides held against the record."""

from workers.replay.comparing import compared
from workers.replay.decisions import decisions_by
from workers.replay.replaying import Replayed, Replaying, replaying
from workers.replay.verdict import Difference, FieldDifference, Outcome, Side, Verdict

__all__ = [
    "Difference",
    "FieldDifference",
    "Outcome",
    "Replayed",
    "Replaying",
    "Side",
    "Verdict",
    "compared",
    "decisions_by",
    "replaying",
]
