"""Do engine, audit record and read model agree? The record (``events``) is the truth of the three; the read model can be rebuilt from it, and a run started."""

from activities.evidence.reconcile.disagreement import Disagreement, FieldOnBothSides
from activities.evidence.reconcile.repairing import carry_on, repair, tell_again
from activities.evidence.reconcile.sweeping import Outcome, Span, reconcile_all

__all__ = ["Disagreement", "FieldOnBothSides", "Outcome", "Span", "carry_on", "reconcile_all", "repair", "tell_again"]
