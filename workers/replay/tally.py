"""Many verdicts together, and the file by which a long replay is taken up again."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from workers.replay.verdict import Outcome, Verdict

KEPT = 1_000
"""Verdicts other than "same" that are kept to be shown; all of them are counted, and stand in the file if one is written."""


class Counts(Frozen):
    """How many cases came out how; ``events`` decided alike, ``told`` of them, and ``ahead`` as in :class:`Verdict`."""

    cases: int = 0
    same: int = 0
    differs: int = 0
    missing: int = 0
    events: int = 0
    told: int = 0
    ahead: int = 0


class Tally:
    """Counts verdicts as they come, and keeps those that are not "same"."""

    def __init__(self) -> None:
        self._counted = dict.fromkeys(Counts.model_fields, 0)
        self.found: list[Verdict] = []

    def add(self, verdict: Verdict) -> None:
        counted = self._counted
        counted["cases"] += 1
        counted[verdict.outcome.value] += 1
        for name in ("events", "told", "ahead"):
            counted[name] += getattr(verdict, name)
        if verdict.outcome is not Outcome.SAME and len(self.found) < KEPT:
            self.found.append(verdict)

    @property
    def counts(self) -> Counts:
        """So far."""
        return Counts(**self._counted)


class VerdictFile:
    """A JSON line for every case that has its verdict. Opened again, what stands there is not asked for a second time.

    A last line that was not finished is dropped. ``UserError`` ``journal_unreadable`` for a file that holds something else, or cannot be
    opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.known: set[str] = set()

    def opened(self, tally: Tally) -> Self:
        """Reads what stands there into ``tally`` and makes ready to add to it."""
        with ExitStack() as unless_read:
            try:
                self._file = unless_read.enter_context(self._path.open("a+b"))
                self._read(tally)
            except OSError as error:
                raise _unreadable(self._path, error.strerror or str(error)) from error
            unless_read.pop_all()
        return self

    def _read(self, tally: Tally) -> None:
        file = self._file
        file.seek(0)
        whole = 0
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                verdict = Verdict.model_validate_json(line)
            except ValidationError as error:
                raise _unreadable(self._path, f"line {number} is no verdict") from error
            tally.add(verdict)
            self.known.add(verdict.case)
            whole += len(line)
        file.truncate(whole)

    def add(self, verdict: Verdict) -> None:
        """Writes a line, out of this process at once: whatever ends it, the line stands."""
        self._file.write(verdict.model_dump_json(exclude_defaults=True).encode() + b"\n")
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _unreadable(path: Path, reason: str) -> UserError:
    return UserError(
        "journal_unreadable",
        zh=f"续跑文件 {path} 无法使用：{reason}。请换一个文件名，或用上次重放所写的文件。",
        en=f"The file {path} can't be used: {reason}. Name another, or the one an earlier replay wrote.",
        path=str(path),
        reason=reason,
    )
