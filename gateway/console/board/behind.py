"""The cases behind a number of the board. A number names itself in an address: ``open``, ``rate.response.miss``, ``late.2``, ``card.red``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gateway.measures_table import APART_ZH, COUNTS_ZH, age_band
from schemas.errors import UserError
from schemas.measures import AGE_BANDS, RATES, CaseFacts
from schemas.measures.measure import COUNTED, band_of

Picks = Callable[[CaseFacts], bool]


@dataclass(frozen=True)
class Behind:
    """What a number is called, and which cases it is over."""

    zh: str
    en: str
    picks: Picks


def behind(name: str) -> Behind:
    """``UserError`` ``page_unknown`` for a number the board does not have."""
    kind, _, rest = name.partition(".")
    found = _count(name) or {"rate": _rate, "late": _late, "owed": _owed, "card": _card, "apart": _apart}.get(
        kind, _none
    )(rest)
    if found is None:
        raise UserError("page_unknown", zh="看板上没有这个数字。", en="The board has no such number.")
    return found


def cases_behind(facts: Iterable[CaseFacts], name: str, *, ledger: str = "", unit: str = "") -> tuple[str, ...]:
    """The numbers of the cases, the newest first; of one ledger, of one unit alone."""
    picks = behind(name).picks
    found = (
        one
        for one in facts
        if picks(one) and (not ledger or one.ledger.value == ledger) and (not unit or one.unit == unit)
    )
    return tuple(one.number for one in sorted(found, key=lambda one: (one.received_at, one.number), reverse=True))


def _none(rest: str) -> None:
    return None


def _count(name: str) -> Behind | None:
    picks = COUNTED.get(name)
    return Behind(COUNTS_ZH[name].strip("　 "), name, picks) if picks else None


def _rate(rest: str) -> Behind | None:
    name, _, side = rest.partition(".")
    rule = RATES.get(name)
    if rule is None or side not in ("hit", "miss", "all"):
        return None
    picks: dict[str, Picks] = {
        "hit": lambda facts: rule.counted(facts) and rule.hit(facts),
        "miss": lambda facts: rule.counted(facts) and not rule.hit(facts),
        "all": rule.counted,
    }
    zh = {"hit": "达到", "miss": "未达到", "all": "计入"}[side]
    return Behind(f"{rule.zh}：{zh}", f"{name.replace('_', ' ')}: {side}", picks[side])


def _band(rest: str) -> tuple[tuple[int, int | None], Picks] | None:
    if not rest.isdecimal() or int(rest) >= len(AGE_BANDS):
        return None
    place = int(rest)
    return AGE_BANDS[place], lambda facts: facts.late and band_of(facts.overdue_working_days) == place


def _late(rest: str) -> Behind | None:
    found = _band(rest)
    if found is None:
        return None
    band, picks = found
    return Behind(f"逾期 {age_band(*band)}", f"late by {_days(band)}", picks)


def _owed(rest: str) -> Behind | None:
    if not rest:
        return Behind("逾期未答复", "overdue, not answered", lambda facts: facts.owes_reply_late)
    found = _band(rest)
    if found is None:
        return None
    band, picks = found
    return Behind(
        f"逾期未答复 {age_band(*band)}",
        f"overdue by {_days(band)}, not answered",
        lambda facts: facts.owes_reply_late and picks(facts),
    )


def _card(rest: str) -> Behind | None:
    cards: dict[str, Behind] = {
        "yellow": Behind("黄牌", "yellow cards", lambda facts: facts.yellow_cards > 0),
        "red": Behind("红牌", "red cards", lambda facts: facts.red_cards > 0),
    }
    return cards.get(rest)


def _apart(rest: str) -> Behind | None:
    if rest not in APART_ZH:
        return None
    return Behind(
        f"单列：{APART_ZH[rest]}",
        f"apart: {rest.replace('_', ' ')}",
        lambda facts: facts.apart is not None and facts.apart.value == rest,
    )


def _days(band: tuple[int, int | None]) -> str:
    first, last = band
    if last == 0:
        return "less than a working day"
    return f"{first} working days and more" if last is None else f"{first} to {last} working days"
