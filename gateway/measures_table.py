"""The measures as a table for a terminal: ledgers side by side, numerator and denominator with every rate."""

from __future__ import annotations

from rich.table import Table

from schemas.measures import RATES, AgeBand, LedgerMeasures, Measures, Rate
from schemas.wording.terms import chinese


def measures_table(measures: Measures) -> Table:
    """One column a ledger and one for all of them."""
    columns = [(chinese(ledger.value), column) for ledger, column in measures.ledgers.items()]
    columns.append(("合计 total", measures.total))
    table = Table("指标 measure", *(name for name, _ in columns), title="三本账 three ledgers")
    for column in table.columns[1:]:
        column.justify = "right"
    counted = [("收件 received", "received"), ("办结 closed", "closed"), ("在办 open", "open")]
    for name, field in counted:
        table.add_row(name, *(str(getattr(column, field)) for _, column in columns))
    table.add_section()
    for rate, rule in RATES.items():
        table.add_row(rule.zh, *(_share(column.rates[rate]) for _, column in columns))
    table.add_section()
    for position, band in enumerate(measures.total.overdue):
        table.add_row(_late(band), *(_both(column.overdue[position]) for _, column in columns))
    table.add_row("黄牌 / 红牌 cards", *(_cards(column) for _, column in columns))
    return table


def _share(rate: Rate) -> str:
    if rate.ratio is None:
        return "—"
    return f"{rate.ratio:.1%} ({rate.numerator}/{rate.denominator})"


def _late(band: AgeBand) -> str:
    last = "+" if band.last is None else f"–{band.last}" if band.last != band.first else ""
    return f"逾期 {band.first}{last} 个工作日"


def _both(band: AgeBand) -> str:
    return f"{band.owed + band.answered}" if band.owed + band.answered else "—"


def _cards(column: LedgerMeasures) -> str:
    return f"{column.yellow_cards} / {column.red_cards}"
