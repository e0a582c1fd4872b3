"""The lifecycle of a petition, pure: ``decide(state, order, at) -> events | refusal`` and ``evolve(state, event) -> state``.

Everything else is a reader of it: the workflow, the read model, the simulation, the auditor's "as of".
"""

from schemas.lifecycle.authority import accountable_unit, is_accused, is_kept_out, may_know, may_see
from schemas.lifecycle.closing import petitioner_satisfied
from schemas.lifecycle.decide import RULES, allowed, decide, permitted
from schemas.lifecycle.evolve import evolve, fold
from schemas.lifecycle.ladder import next_alarm

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
