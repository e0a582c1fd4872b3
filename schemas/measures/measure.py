"""What many cases add up to, per ledger and in total; every number can be traced to its cases.

The rates are this project's own reading of the field's terms; each says in ``RATES`` over which cases it is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.measures.facts import Apart, CaseFacts
from schemas.petition import Frozen, Ledger, Stage


@dataclass(frozen=True)
class RateRule:
    """A rate: of the cases that are ``counted``, the share that ``hit``."""

    zh: str
    en: str
    counted: Callable[[CaseFacts], bool]
    hit: Callable[[CaseFacts], bool]


def _answerable(facts: CaseFacts) -> bool:
    return facts.apart not in (Apart.LEGAL_ROUTE, Apart.DECLINED, Apart.TRANSFERRED) and not (
        facts.apart is Apart.WITHDRAWN and not facts.replies
    )


def _judged(facts: CaseFacts) -> bool:
    # An unreasonable demand is shown apart; every other discontent counts, also of those who gave up or were terminated.
    return facts.satisfied is not None and facts.apart is not Apart.UNREASONABLE


RATES: Mapping[str, RateRule] = {
    "on_time_assignment": RateRule(
        "按时交办率",
        "assigned within the term, of those assigned or overdue to be",
        lambda facts: facts.assign_on_time is not None,
        lambda facts: facts.assign_on_time is True,
    ),
    "on_time_finish": RateRule(
        "按时答复率",
        "first answered within the term, of those answered or overdue to be",
        lambda facts: facts.first_reply_on_time is not None,
        lambda facts: facts.first_reply_on_time is True,
    ),
    "settled_on_time": RateRule(
        "按时办结率",
        "the answer that stood was inside the first term, of those settled or no longer to be settled in it",
        lambda facts: facts.settled_on_time is not None,
        lambda facts: facts.settled_on_time is True,
    ),
    "response": RateRule(
        "响应率",
        "answered at all, of those that are to be answered here",
        _answerable,
        lambda facts: facts.replies > 0,
    ),
    "resolution": RateRule(
        "解决率",
        "solved as the petitioner says, of those revisited and reached",
        _judged,
        lambda facts: facts.solved is True,
    ),
    "satisfaction": RateRule(
        "满意率",
        "solved and satisfied with the unit, of those revisited and reached",
        _judged,
        lambda facts: facts.satisfied is True,
    ),
    "office_satisfaction": RateRule(
        "对信访部门满意率",
        "satisfied with the petition office, of those revisited and reached",
        _judged,
        lambda facts: facts.satisfied_with_office is True,
    ),
    "rework": RateRule(
        "退回重办率",
        "sent back at least once, of those answered",
        lambda facts: facts.replies > 0,
        lambda facts: facts.reworks > 0,
    ),
    "repeat": RateRule(
        "重信重访率",
        "the same person with the same matter again, of all received",
        lambda facts: True,
        lambda facts: facts.repeat,
    ),
}

AGE_BANDS: tuple[tuple[int, int | None], ...] = ((0, 0), (1, 3), (4, 7), (8, 15), (16, 30), (31, None))
"""First and last number of working days over the term; the first band is over by a rest day only."""


class Rate(Frozen):
    """``ratio`` is numerator / denominator, or None over no case at all."""

    numerator: int
    denominator: int
    ratio: float | None


class AgeBand(Frozen):
    """Cases late by ``first`` to ``last`` working days: ``owed`` still wait for their reply, ``answered`` have their first one."""

    first: int
    last: int | None
    owed: int
    answered: int


class LedgerMeasures(Frozen):
    """The measures over one ledger, or over all. ``closed`` are signed off or closed on a ground of their own; ``sealed`` struck off (销号)."""

    received: int
    closed: int
    satisfied: int
    sealed: int
    open: int
    apart: dict[str, int]
    rates: dict[str, Rate]
    overdue: tuple[AgeBand, ...]
    yellow_cards: int
    red_cards: int


class Measures(Frozen):
    """Per ledger, every ledger present, and in total."""

    ledgers: dict[Ledger, LedgerMeasures]
    total: LedgerMeasures


def measure(facts: Iterable[CaseFacts]) -> Measures:
    """The measures over these cases; by unit, category or month: give it those cases only."""
    cases = list(facts)
    return Measures(
        ledgers={ledger: _measured([case for case in cases if case.ledger is ledger]) for ledger in Ledger},
        total=_measured(cases),
    )


def cases_of(facts: Iterable[CaseFacts], rate: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cases behind a rate of ``RATES``: the numbers of those that hit, and of those counted that did not. ``KeyError`` for an unknown rate."""
    rule = RATES[rate]
    counted = [case for case in facts if rule.counted(case)]
    hits = tuple(case.number for case in counted if rule.hit(case))
    return hits, tuple(case.number for case in counted if not rule.hit(case))


def _measured(cases: Sequence[CaseFacts]) -> LedgerMeasures:
    return LedgerMeasures(
        received=len(cases),
        closed=sum(case.closed for case in cases),
        satisfied=sum(case.closed and case.apart is None for case in cases),
        sealed=sum(case.stage is Stage.ARCHIVED for case in cases),
        open=sum(not case.closed for case in cases),
        apart={reason.value: sum(case.apart is reason for case in cases) for reason in Apart},
        rates={name: _rate(rule, cases) for name, rule in RATES.items()},
        overdue=tuple(_band(first, last, cases) for first, last in AGE_BANDS),
        yellow_cards=sum(case.yellow_cards for case in cases),
        red_cards=sum(case.red_cards for case in cases),
    )


def _rate(rule: RateRule, cases: Sequence[CaseFacts]) -> Rate:
    counted = [case for case in cases if rule.counted(case)]
    hits = sum(rule.hit(case) for case in counted)
    return Rate(numerator=hits, denominator=len(counted), ratio=hits / len(counted) if counted else None)


def _band(first: int, last: int | None, cases: Sequence[CaseFacts]) -> AgeBand:
    late = [
        case
        for case in cases
        if case.late and case.overdue_working_days >= first and (last is None or case.overdue_working_days <= last)
    ]
    owed = sum(case.owes_reply_late for case in late)
    answered = sum(not case.owes_reply_late and case.replies > 0 for case in late)
    return AgeBand(first=first, last=last, owed=owed, answered=answered)
