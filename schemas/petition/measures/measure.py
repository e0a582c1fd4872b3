"""What many cases add up to, per ledger and in total; every number can be traced to its cases.

The rates are this project's own reading of the field's terms; each says in ``RATES`` over which cases it is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from schemas.kernel.model import Frozen
from schemas.petition.measures.facts import Apart, CaseFacts
from schemas.petition.state import Ledger, Stage


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


COUNTED: Mapping[str, Callable[[CaseFacts], bool]] = {
    "received": lambda facts: True,
    "open": lambda facts: not facts.closed,
    "closed": lambda facts: facts.closed,
    "satisfied": lambda facts: facts.closed and facts.apart is None,
    "sealed": lambda facts: facts.stage is Stage.ARCHIVED,
}
"""The counts, each with the cases it is over."""


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
    """The measures over one ledger, or over all. ``closed`` are signed off or closed on a ground of their own; ``sealed`` struck off (销号).

    ``yellow_cases``, ``red_cases``: cases with such a card, of which they may have several.
    """

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
    yellow_cases: int
    red_cases: int


class Measures(Frozen):
    """Per ledger, every ledger present, and in total."""

    ledgers: dict[Ledger, LedgerMeasures]
    total: LedgerMeasures


def measure(facts: Iterable[CaseFacts]) -> Measures:
    """The measures over these cases; by unit, category or month: give it those cases only."""
    counted: dict[Ledger, Counter[str]] = {ledger: Counter() for ledger in Ledger}
    for case in facts:
        counted[case.ledger].update(counts_of(case))
    return summed(counted)


def summed(counted: Mapping[Ledger, Mapping[str, int]]) -> Measures:
    """The measures from what the cases of each ledger count, see :func:`counts_of`."""
    total: Counter[str] = Counter()
    for counts in counted.values():
        total.update(counts)
    return Measures(ledgers={ledger: _measured(counted.get(ledger, {})) for ledger in Ledger}, total=_measured(total))


def counts_of(case: CaseFacts) -> dict[str, int]:
    """What one case counts. Every measure is a sum of these or a share of two, so that sums over many cases can be kept instead of the cases."""
    counts = {name: int(holds(case)) for name, holds in COUNTED.items()}
    counts |= {"yellow": case.yellow_cards, "red": case.red_cards}
    counts |= {f"{CARDED}.yellow": int(case.yellow_cards > 0), f"{CARDED}.red": int(case.red_cards > 0)}
    if case.apart is not None:
        counts[f"apart.{case.apart.value}"] = 1
    for name, rule in RATES.items():
        if rule.counted(case):
            counts[f"{name}.of"] = 1
            counts[f"{name}.hit"] = int(rule.hit(case))
    if case.owes_reply_late:
        counts[f"{OWED}.{band_of(case.overdue_working_days)}"] = 1
    elif case.late and case.replies > 0:
        counts[f"{ANSWERED}.{band_of(case.overdue_working_days)}"] = 1
    return {name: count for name, count in counts.items() if count}


OWED = "owed"
ANSWERED = "answered"
CARDED = "carded"
"""Cases with a card of a colour, however many: a case may have been given several."""


def band_of(days: int) -> int:
    """The first day of the band of ``AGE_BANDS`` into which so many working days over the term fall."""
    return next(first for first, last in AGE_BANDS if first <= days and (last is None or days <= last))


def cases_of(facts: Iterable[CaseFacts], rate: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cases behind a rate of ``RATES``: the numbers of those that hit, and of those counted that did not. ``KeyError`` for an unknown rate."""
    rule = RATES[rate]
    counted = [case for case in facts if rule.counted(case)]
    hits = tuple(case.number for case in counted if rule.hit(case))
    return hits, tuple(case.number for case in counted if not rule.hit(case))


def _measured(counts: Mapping[str, int]) -> LedgerMeasures:
    def count(name: str) -> int:
        return counts.get(name, 0)

    return LedgerMeasures(
        received=count("received"),
        closed=count("closed"),
        satisfied=count("satisfied"),
        sealed=count("sealed"),
        open=count("open"),
        apart={reason.value: count(f"apart.{reason.value}") for reason in Apart},
        rates={name: _rate(count(f"{name}.hit"), count(f"{name}.of")) for name in RATES},
        overdue=tuple(
            AgeBand(first=first, last=last, owed=count(f"{OWED}.{first}"), answered=count(f"{ANSWERED}.{first}"))
            for first, last in AGE_BANDS
        ),
        yellow_cards=count("yellow"),
        red_cards=count("red"),
        yellow_cases=count(f"{CARDED}.yellow"),
        red_cases=count(f"{CARDED}.red"),
    )


def _rate(hits: int, counted: int) -> Rate:
    return Rate(numerator=hits, denominator=counted, ratio=hits / counted if counted else None)
