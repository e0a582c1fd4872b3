"""Measures of the work: what each case contributes, and what many cases add up to. Pure, and so recomputable as of any past moment."""

from schemas.petition.measures.cells import (
    NEVER_SINCE,
    CaseCells,
    Cells,
    Phase,
    band_bounds,
    cells_of,
    counted_at,
    overdue_days,
    week_of,
)
from schemas.petition.measures.facts import Apart, CaseFacts, facts_of
from schemas.petition.measures.measure import (
    AGE_BANDS,
    RATES,
    AgeBand,
    LedgerMeasures,
    Measures,
    Rate,
    cases_of,
    measure,
    summed,
)
from schemas.petition.measures.numbers import Number, number_of, numbers, place_in_list

__all__ = [
    "AGE_BANDS",
    "NEVER_SINCE",
    "RATES",
    "AgeBand",
    "Apart",
    "CaseCells",
    "CaseFacts",
    "Cells",
    "LedgerMeasures",
    "Measures",
    "Number",
    "Phase",
    "Rate",
    "band_bounds",
    "cases_of",
    "cells_of",
    "counted_at",
    "facts_of",
    "measure",
    "number_of",
    "numbers",
    "overdue_days",
    "place_in_list",
    "summed",
    "week_of",
]
