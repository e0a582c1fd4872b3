"""``python -m gateway.demo.picture FILE.svg [DATA_DIR]``: a picture of the board of the demonstration that is running now, for the README."""

from __future__ import annotations

import asyncio
import io
import os
import re
import sys
from html import escape, unescape
from itertools import groupby
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console

from activities.record.case_record import utc_now
from activities.runtime import data_folder, find_system
from activities.settings import Settings
from gateway.demo.screen.board import WIDE, Board
from gateway.demo.screen.parts import PartsReporter
from gateway.demo.screen.screens import REMEMBERED, tick_of
from gateway.demo.screen.sentences import Names
from gateway.demo.screen.watch import Watch
from gateway.doors import open_door
from schemas.kernel.errors import UserError
from workers.machine.console import TerminalReporter
from workers.machine.parts import State

HEIGHT = 34

CELL = 12.2
"""Width of a character cell in the pictures rich exports."""

FONTS = "'Sarasa Mono SC', 'Noto Sans Mono CJK SC', 'PingFang SC', 'Microsoft YaHei', monospace"


async def picture(file: Path, data_dir: Path | None = None) -> None:
    """Writes the picture. ``UserError`` ``system_not_running`` where no system runs on the folder."""
    folder = data_folder(data_dir, os.environ)
    running = find_system(folder)
    environment = {**os.environ, "SANZHANG_DATA_DIR": str(folder)}
    async with open_door(Settings.from_environment(environment), environment, pool_size=1) as door:
        city = await door.system.reference.organisation()
        calendar = await door.system.reference.calendar()
        watch = Watch(door.system.database)
        past = await watch.look()
    names = Names(city)
    console = Console(record=True, width=WIDE, height=HEIGHT, file=io.StringIO(), force_terminal=True)
    parts = PartsReporter(TerminalReporter(console))
    parts.silent = True
    for name in running.pids:
        parts.part(name, State.READY, "")
    ticks = [tick_of(happening, names) for happening in past[-REMEMBERED:]]
    console.print(Board(watch.book, calendar, names).draw(ticks, parts.views, utc_now(), width=WIDE, height=HEIGHT))
    svg = legible(console.export_svg(title="sanzhang up --demo"))
    await asyncio.to_thread(file.write_text, svg, "utf-8")


def legible(svg: str) -> str:
    """Rich stretches a whole text over its characters; a Chinese one takes two cells, so wide and narrow stretches are set apart. And no font is
    fetched from elsewhere."""
    svg = re.sub(r'<text ([^>]*?)x="([^"]*)"([^>]*?) textLength="[^"]*"([^>]*)>([^<]*)</text>', _stretches, svg)
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code, monospace", FONTS)


def _stretches(found: re.Match[str]) -> str:
    before, left, between, after, content = found.groups()
    texts: list[str] = []
    cells = 0
    for width, letters in groupby(unescape(content), cell_len):
        stretch = "".join(letters)
        wide = cell_len(stretch)
        if width and stretch.strip("\xa0 "):
            at, length = float(left) + CELL * cells, CELL * wide
            shown = escape(stretch).replace(" ", "&#160;").replace("\xa0", "&#160;")
            texts.append(f'<text {before}x="{at:g}"{between} textLength="{length:g}"{after}>{shown}</text>')
        cells += wide
    return "".join(texts)


def main() -> None:
    """The entry."""
    file, *folder = map(Path, sys.argv[1:3])
    try:
        asyncio.run(picture(file, folder[0] if folder else None))
    except UserError as error:
        print(f"{error.zh}\n{error.en}", file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
