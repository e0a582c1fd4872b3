"""The lifecycle of a petition, pure: ``decide(state, order, at) -> events | refusal`` and ``evolve(state, event) -> state``.

Everything else is a reader of it: the workflow, the read model, the simulation, the auditor's "as of".
"""

from schemas.petition.rules.authority import accountable_unit, is_accused, is_kept_out, may_know, may_see
from schemas.petition.rules.closing import petitioner_satisfied
from schemas.petition.rules.decide import RULES, allowed, decide, permitted
from schemas.petition.rules.evolve import evolve, fold
from schemas.petition.rules.ladder import next_alarm

__all__ = [
    "RULES",
    "accountable_unit",
    "allowed",
    "decide",
    "evolve",
    "fold",
    "is_accused",
    "is_kept_out",
    "may_know",
    "may_see",
    "next_alarm",
    "permitted",
    "petitioner_satisfied",
]
