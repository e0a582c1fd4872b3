"""三本账 and 两快: what kinds of case there are. The policy has figures for each, and a case is filed in one."""

from __future__ import annotations

from enum import StrEnum


class Ledger(StrEnum):
    """三本账: the case type; selects the policy."""

    SUGGESTION = "suggestion"
    CLAIM = "claim"
    COMPLAINT = "complaint"


class Complexity(StrEnum):
    """两快: ``simple`` is handled fast (快处理), ``complex`` is reported fast (快报告)."""

    SIMPLE = "simple"
    COMPLEX = "complex"
