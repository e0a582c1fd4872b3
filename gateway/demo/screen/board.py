"""The live board: three ledgers by stages, the cases that press, what has just happened, how the parts and the promises fare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gateway.demo.screen.book import Book
from gateway.demo.screen.parts import PartView
from gateway.demo.screen.sentences import Names, Said, place
from gateway.demo.screen.urgent import Pressing, most_urgent
from schemas.kernel.worktime import SHANGHAI, Calendar
from schemas.petition.measures import RATES, LedgerMeasures
from schemas.petition.state import Card, Ledger, Stage
from schemas.petition.wording.terms import chinese

STANDING = (
    (Stage.APPROVE, "报批"),
    (Stage.ASSIGN, "交办"),
    (Stage.SUPERVISE, "督办"),
    (Stage.REVISIT, "回访"),
    (Stage.SIGN_OFF, "把关"),
    (Stage.ARCHIVE, "公开"),
    (Stage.ARCHIVED, "销号"),
)
"""The stages a case can stand in, each with a short name for narrow screens."""

SHOWN_RATES = ("on_time_assignment", "on_time_finish", "satisfaction")
WIDE = 100
_CARDS = {Card.YELLOW: ("▲ 黄牌", "yellow"), Card.RED: ("■ 红牌", "bold red")}
_LEDGERS = {Ledger.SUGGESTION: "green", Ledger.CLAIM: "yellow", Ledger.COMPLAINT: "magenta"}
_BORDER = "blue"


@dataclass(frozen=True)
class Tick:
    """A line of the ticker."""

    at: datetime
    number: str
    stage: Stage | None
    said: Said


class Board:
    """Draws a book of cases; remembers the counts of the last drawing, to mark what has moved. ``calendar``: by which time left is shown."""

    def __init__(self, book: Book, calendar: Calendar, names: Names) -> None:
        self._book = book
        self._calendar = calendar
        self._names = names
        self._before: Counter[tuple[Ledger, Stage]] = Counter()

    def draw(
        self,
        ticks: Sequence[Tick],
        parts: Iterable[PartView],
        now: datetime,
        *,
        width: int = WIDE,
        height: int = 30,
        trouble: str = "",
        doorway: Text | None = None,
    ) -> RenderableType:
        """The whole board for a screen of that many columns and lines; ``doorway``: where to go with a browser, in two lines."""
        wide = width >= WIDE
        # Title, matrix (7), two frames (2 each) with a heading, measures and parts take the rest.
        rows = max(4, height - (17 if doorway is None else 19))
        pressing = most_urgent(self._book.cases.values(), self._calendar, now, most=rows // 2)
        return Group(
            self._title(now, wide, trouble),
            self._matrix(wide),
            self._urgent(pressing, wide, lines=rows // 2),
            self._ticker(ticks[-(rows - rows // 2) :], wide, lines=rows - rows // 2),
            self._measures(wide, now),
            _parts(parts),
            *(() if doorway is None else (doorway,)),
        )

    def summary(self, now: datetime, *, width: int = WIDE) -> RenderableType:
        """The counts and measures alone, for screens that can only be written on line by line."""
        wide = width >= WIDE
        return Group(self._title(now, wide, ""), self._matrix(wide), self._measures(wide, now))

    def _title(self, now: datetime, wide: bool, trouble: str) -> Text:
        cases = self._book.cases.values()
        title = Text(no_wrap=True, overflow="ellipsis")
        title.append(" 三本账 ", style="bold white on blue")
        title.append(" 望川市 · 群众诉求闭环办理（演示） " if wide else " 望川市（演示） ", style="bold")
        title.append(f"在办 {sum(seen.state.open for seen in cases)}  共 {len(cases)} 件  ")
        title.append(f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}", style="cyan")
        if trouble:
            title.append(f"  {trouble}", style="bold red")
        return title

    def _matrix(self, wide: bool) -> RenderableType:
        states = [seen.state for seen in self._book.cases.values()]
        counts = Counter((state.ledger, state.stage) for state in states)
        received = Counter(state.ledger for state in states)
        cards = Counter((state.ledger, card.colour) for state in states for card in state.cards)
        table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, padding=0, show_footer=True)
        table.add_column("账别", no_wrap=True, footer=Text("合计", style="bold"), header_style="dim")
        table.add_column(
            chinese("receive") if wide else "收件",
            justify="right",
            footer=str(len(states)),
            header_style="cyan",
            no_wrap=True,
        )
        for stage, short in STANDING:
            total = sum(counts[ledger, stage] for ledger in Ledger)
            heading = chinese(stage.value) if wide else short
            table.add_column(heading, justify="right", footer=str(total), header_style="bold", no_wrap=True)
        for colour, (name, style) in _CARDS.items():
            total = sum(cards[ledger, colour] for ledger in Ledger)
            table.add_column(
                name[0 if wide else 2 :],
                justify="right",
                no_wrap=True,
                footer=Text(str(total), style=style),
                header_style=style,
            )
        for ledger, style in _LEDGERS.items():
            table.add_row(
                Text(chinese(ledger.value), style=f"bold {style}"),
                Text(str(received[ledger]), style="cyan"),
                *(self._cell(counts[ledger, stage], (ledger, stage), style) for stage, _ in STANDING),
                *(
                    Text(str(cards[ledger, colour] or "·"), style=card if cards[ledger, colour] else "dim")
                    for colour, (_, card) in _CARDS.items()
                ),
            )
        self._before = counts
        return table

    def _cell(self, count: int, place: tuple[Ledger, Stage], style: str) -> Text:
        moved = bool(self._before) and self._before[place] != count
        if not count:
            return Text("·", style="dim reverse" if moved else "dim")
        return Text(str(count), style=f"bold {style}{' reverse' if moved else ''}")

    def _urgent(self, pressing: Sequence[Pressing], wide: bool, lines: int) -> Panel:
        table = Table(box=None, expand=True, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
        table.add_column(no_wrap=True, style="dim", min_width=16 if wide else 5)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for _ in range(2):
            table.add_column(no_wrap=True, overflow="ellipsis")
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, min_width=7)
        for case in pressing:
            left = Text(case.left, style="bold red" if case.late else "yellow" if "小时" in case.left else "")
            if wide:
                left = Text(f"{case.clock.last_day:%m-%d} 24:00 ", style="dim").append_text(left)
            name, style = _CARDS[case.card] if case.card else ("", "")
            table.add_row(
                case.number if wide else place(case.number),
                case.title,
                Text(dict(STANDING)[case.stage], style="cyan"),
                self._names.unit(case.owner),
                left,
                Text(name, style=style),
            )
        return _framed(table, "最急的件", lines, table.row_count)

    def _ticker(self, ticks: Sequence[Tick], wide: bool, lines: int) -> Panel:
        table = Table(box=None, expand=True, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
        table.add_column(no_wrap=True, style="dim")
        table.add_column(no_wrap=True, style="dim")
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for tick in ticks:
            table.add_row(
                f"{tick.at.astimezone(SHANGHAI):%H:%M:%S}",
                tick.number if wide else place(tick.number) if tick.number else "",
                Text(tick.said.sign, style=tick.said.style),
                Text(tick.said.zh, style=tick.said.style),
            )
        return _framed(table, "刚刚发生", lines, table.row_count)

    def _measures(self, wide: bool, now: datetime) -> Text:
        line = Text(" ", no_wrap=True, overflow="ellipsis")
        measures = self._book.measures(now, self._calendar)
        for name in SHOWN_RATES:
            line.append(f"{RATES[name].zh} ", style="dim")
            line.append_text(rate_bar(measures.total, name, 10 if wide else 5)).append("   ")
        return line


def rate_bar(measured: LedgerMeasures, name: str, length: int) -> Text:
    """A rate as a small bar and a percentage."""
    rate = measured.rates[name]
    if rate.ratio is None:
        return Text("—", style="dim")
    full = round(rate.ratio * length)
    style = "green" if rate.ratio >= 0.8 else "yellow" if rate.ratio >= 0.5 else "red"
    return (
        Text("━" * full, style=style)
        .append("━" * (length - full), style="bright_black")
        .append(f" {rate.ratio:.0%}", style=f"bold {style}")
        .append(f" {rate.numerator}/{rate.denominator}" if length > 5 else "", style="dim")
    )


def _parts(parts: Iterable[PartView]) -> Text:
    line = Text(" ", no_wrap=True, overflow="ellipsis")
    for part in parts:
        line.append(f"{part.sign} ", style=part.style).append(part.name, style="dim")
        line.append(f" {part.word}  " if part.word else "  ", style=part.style)
    return line


def _framed(table: Table, title: str, lines: int, used: int) -> Panel:
    blank = Text("\n" * (lines - used - 1)) if used < lines else None
    content: RenderableType = table if blank is None else Group(table, blank) if used else Text("\n" * (lines - 1))
    return Panel(content, title=title, title_align="left", border_style=_BORDER, padding=(0, 1))
