"""The measures as a table for a terminal: ledgers side by side, numerator and denominator with every rate."""

from __future__ import annotations

from rich.table import Table

from schemas.petition.measures import AGE_BANDS, RATES, LedgerMeasures, Measures, Rate
from schemas.petition.wording.terms import chinese

COUNTS_ZH = {
    "received": "收到",
    "open": "未结",
    "closed": "已结",
    "satisfied": "　其中群众满意",
    "sealed": "已销号",
    "yellow_cards": "黄牌",
    "yellow_cases": "　黄牌件数",
    "red_cards": "红牌",
    "red_cases": "　红牌件数",
}

APART_ZH = {
    "legal_route": "诉访分离",
    "declined": "不予受理",
    "transferred": "转送",
    "withdrawn": "撤回",
    "reviewed": "复查复核终结",
    "unreasonable": "不合理诉求",
}


def measures_table(measures: Measures, title: str) -> Table:
    """One column a ledger and one for all of them; what does not occur (a ground apart, an age) takes no row."""
    columns = {chinese(ledger.value): each for ledger, each in measures.ledgers.items()} | {"合计": measures.total}
    table = Table("", *columns, title=title, title_justify="left")
    for column in table.columns:
        # On a narrow terminal a figure breaks into two lines rather than lose its end.
        column.overflow = "fold"
    for field, name in COUNTS_ZH.items():
        table.add_row(name, *(str(getattr(each, field)) for each in columns.values()))
    table.add_section()
    for rate, rule in RATES.items():
        table.add_row(rule.zh, *(_rate(each.rates[rate]) for each in columns.values()))
    table.add_section()
    for reason, name in APART_ZH.items():
        if any(each.apart.get(reason) for each in columns.values()):
            table.add_row(f"单列：{name}", *(str(each.apart.get(reason, 0)) for each in columns.values()))
    for place, (first, last) in enumerate(AGE_BANDS):
        if any(_late(each, place) for each in columns.values()):
            table.add_row(f"逾期 {age_band(first, last)}", *(_late(each, place) or "0" for each in columns.values()))
    return table


def age_band(first: int, last: int | None) -> str:
    """A band of working days over the term, as it is headed."""
    if last == 0:
        return "不足 1 日"
    return f"{first} 日以上" if last is None else f"{first}–{last} 日"


def _rate(rate: Rate) -> str:
    return "—" if rate.ratio is None else f"{rate.ratio:.1%} {rate.numerator}/{rate.denominator}"


def _late(each: LedgerMeasures, place: int) -> str:
    band = each.overdue[place]
    return f"未答 {band.owed} 已答 {band.answered}" if band.owed or band.answered else ""
