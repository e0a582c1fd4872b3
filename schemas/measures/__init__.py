"""Measures of the work: what each case contributes, and what many cases add up to. Pure, and so recomputable as of any past moment."""

from schemas.measures.facts import Apart, CaseFacts, facts_of
from schemas.measures.measure import AGE_BANDS, RATES, AgeBand, LedgerMeasures, Measures, Rate, cases_of, measure

__all__ = [
    "AGE_BANDS",
    "RATES",
    "AgeBand",
    "Apart",
    "CaseFacts",
    "LedgerMeasures",
    "Measures",
    "Rate",
    "cases_of",
    "facts_of",
    "measure",
]
