"""Long work shows how far it is: to whoever looks, and to nobody else."""

from __future__ import annotations

import io
import sys

import pytest

from gateway.cli.output import progress_bar


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("where", "quiet"), [(_Terminal, False), (_Terminal, True), (io.StringIO, False)])
def test_a_bar_is_drawn_where_somebody_looks(
    where: type[io.StringIO], quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = where()
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stderr)
    with progress_bar("核验 / verify", quiet=quiet) as bar:
        task = bar.add_task("", total=7, said="")
        bar.update(task, completed=3, said="发现 2")
    drawn = stderr.getvalue()
    if where is _Terminal and not quiet:
        assert "核验 / verify" in drawn and "3/7" in drawn and "发现 2" in drawn
    else:
        assert drawn == ""
