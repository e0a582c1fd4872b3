"""The three ways to show the demonstration: a live board on a terminal, lines elsewhere, JSON lines for machines."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from gateway.demo.offices.robots import Refused
from gateway.demo.screen.board import SHOWN_RATES, Board, Tick
from gateway.demo.screen.book import Book, Happening
from gateway.demo.screen.parts import PartsReporter
from gateway.demo.screen.sentences import Names, Said, sentence
from schemas.kernel.worktime import SHANGHAI, Calendar
from schemas.petition.state import Ledger
from schemas.petition.wording.terms import chinese

REMEMBERED = 60
"""Ticks kept: more than any screen has lines."""

SUMMARY_EVERY = timedelta(seconds=15)


class Screen(AbstractContextManager["Screen"], Protocol):
    """Shows what happens. Entered when the demonstration begins, left when it ends."""

    def before(self, past: Sequence[Happening]) -> None:
        """What had happened before this start."""
        ...

    def happened(self, news: Sequence[Happening]) -> None: ...

    def refused(self, refused: Refused, now: datetime) -> None: ...

    def tick(self, now: datetime, trouble: str) -> None:
        """Called about once a second; ``trouble``: why nothing new can be read, or empty."""
        ...


def tick_of(happening: Happening, names: Names) -> Tick:
    """The line of an event."""
    return Tick(happening.recorded_at, happening.number, happening.stage, sentence(happening, names))


def _refusal(refused: Refused, names: Names) -> Said:
    return Said(f"{names.person(refused.actor)} 操作被拒：{refused.error.zh}", "bold red", "✗")


class LiveScreen:
    """The board, drawn anew each second on a screen of its own; the terminal is given back as it was, with the last board on it."""

    def __init__(
        self,
        console: Console,
        book: Book,
        calendar: Calendar,
        names: Names,
        parts: PartsReporter,
        doorway: Text | None = None,
    ) -> None:
        self._console = console
        self._doorway = doorway
        self._board = Board(book, calendar, names)
        self._names = names
        self._parts = parts
        self._ticks: deque[Tick] = deque(maxlen=REMEMBERED)
        self._stack = ExitStack()
        self._live: Live | None = None
        self._last: datetime | None = None

    def __enter__(self) -> Self:
        self._parts.silent = True
        self._live = self._stack.enter_context(Live(console=self._console, screen=True, auto_refresh=False))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._parts.silent = False
        if self._last is not None:
            self._console.print(self._drawn(self._last, "", height=min(self._console.height - 1, 40)))

    def before(self, past: Sequence[Happening]) -> None:
        self.happened(past[-REMEMBERED:])

    def happened(self, news: Sequence[Happening]) -> None:
        self._ticks.extend(tick_of(happening, self._names) for happening in news)

    def refused(self, refused: Refused, now: datetime) -> None:
        self._ticks.append(Tick(now, refused.number, None, _refusal(refused, self._names)))

    def tick(self, now: datetime, trouble: str) -> None:
        self._last = now
        if self._live is not None:
            self._live.update(self._drawn(now, trouble, height=self._console.height), refresh=True)

    def _drawn(self, now: datetime, trouble: str, height: int) -> RenderableType:
        return self._board.draw(
            list(self._ticks),
            self._parts.views,
            now,
            width=self._console.width,
            height=height,
            trouble=trouble,
            doorway=self._doorway,
        )


class _Lines(ABC):
    """A screen that only ever adds lines: trouble is told when it changes, a summary every few seconds."""

    _told: datetime | None = None
    _trouble = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def tick(self, now: datetime, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            self._troubled(now, trouble)
        self._trouble = trouble
        self._told = self._told or now
        if now - self._told >= SUMMARY_EVERY:
            self._told = now
            self._summary(now)

    @abstractmethod
    def _troubled(self, now: datetime, trouble: str) -> None: ...

    @abstractmethod
    def _summary(self, now: datetime) -> None: ...


class PlainScreen(_Lines):
    """A line for each event, and a table every few seconds: for pipes, logs and CI."""

    def __init__(self, console: Console, book: Book, calendar: Calendar, names: Names) -> None:
        self._console = console
        self._board = Board(book, calendar, names)
        self._names = names

    def before(self, past: Sequence[Happening]) -> None:
        if past:
            cases = len({happening.number for happening in past})
            self._console.print(f"继续上次的演示：已有 {cases} 件。", highlight=False)

    def happened(self, news: Sequence[Happening]) -> None:
        for happening in news:
            self._line(tick_of(happening, self._names))

    def refused(self, refused: Refused, now: datetime) -> None:
        self._line(Tick(now, refused.number, None, _refusal(refused, self._names)))

    def _troubled(self, now: datetime, trouble: str) -> None:
        self._console.print(f"[red]{escape(trouble)}[/]", highlight=False)

    def _summary(self, now: datetime) -> None:
        self._console.print(self._board.summary(now, width=self._console.width))

    def _line(self, tick: Tick) -> None:
        line = Text(f"{tick.at.astimezone(SHANGHAI):%H:%M:%S} ", style="dim")
        line.append(f"{tick.number or '-':<16} ")
        line.append(f"{chinese(tick.stage.value) if tick.stage else '':　<4} ", style="cyan")
        line.append(f"{tick.said.sign} {tick.said.zh}", style=tick.said.style)
        self._console.print(line, soft_wrap=True)


class JsonScreen(_Lines):
    """One JSON object a line: ``event`` is ``case``, ``refused``, ``trouble`` or ``summary``; times are UTC."""

    def __init__(self, book: Book, calendar: Calendar, names: Names) -> None:
        self._book = book
        self._calendar = calendar
        self._names = names

    def before(self, past: Sequence[Happening]) -> None:
        return None

    def happened(self, news: Sequence[Happening]) -> None:
        for happening in news:
            print_line(
                "case",
                happening.recorded_at,
                case=happening.number,
                seq=happening.seq,
                kind=happening.event.kind,
                stage=happening.stage.value,
                actor=happening.actor,
                zh=sentence(happening, self._names).zh,
            )

    def refused(self, refused: Refused, now: datetime) -> None:
        facts = {"case": refused.number, "actor": refused.actor, "kind": refused.kind}
        print_line("refused", now, **facts, error=refused.error.as_dict())

    def _troubled(self, now: datetime, trouble: str) -> None:
        print_line("trouble", now, zh=trouble)

    def _summary(self, now: datetime) -> None:
        states = [seen.state for seen in self._book.cases.values()]
        stages = {ledger: Counter(state.stage.value for state in states if state.ledger is ledger) for ledger in Ledger}
        cards = Counter(card.colour.value for state in states for card in state.cards)
        total = self._book.measures(now, self._calendar).total
        rates = {name: total.rates[name].ratio for name in SHOWN_RATES}
        counted = {ledger.value: dict(counts) for ledger, counts in stages.items()}
        print_line("summary", now, stages=counted, cards=dict(cards), measures=rates)


def print_line(event: str, at: datetime, **facts: object) -> None:
    """One JSON object on standard output, at once."""
    print(json.dumps({"event": event, "at": at.isoformat(), **facts}, ensure_ascii=False), flush=True)
