"""What an import says when it is over, or as far as it came."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from gateway.importing.filing import Tally
from gateway.workbook.message import RefusedRow
from gateway.workbook.refused_file import write_refused
from schemas.kernel.errors import UserError


class Summary(BaseModel):
    """``accepted`` + ``already_known`` + ``refused`` = ``rows``, unless ``interrupted``. ``reasons``: how many rows each code refused;
    ``refused_file``: where they are listed, ``None`` without any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    sheet: str
    source: str
    rows: int
    accepted: int
    already_known: int
    refused: int
    reasons: dict[str, int]
    refused_file: str | None
    seconds: float
    interrupted: bool

    def facts(self) -> dict[str, Any]:
        """As JSON."""
        return self.model_dump(mode="json")


def summed_up(tally: Tally, *, file: Path, sheet: str, source: str, seconds: float, refused_to: Path | None) -> Summary:
    """The summary; the refused rows are written to their file on the way.

    ``UserError`` ``refused_file_unwritable`` where neither the folder named (or the input's own) nor the current one takes it.
    """
    listed = _listed(file, tally.refused, refused_to)
    return Summary(
        file=str(file),
        sheet=sheet,
        source=source,
        rows=tally.total,
        accepted=tally.accepted,
        already_known=tally.already_known,
        refused=len(tally.refused),
        reasons=dict(Counter(row.code for row in tally.refused).most_common()),
        refused_file=str(listed) if listed else None,
        seconds=round(seconds, 2),
        interrupted=not tally.complete,
    )


def _listed(file: Path, refused: list[RefusedRow], refused_to: Path | None) -> Path | None:
    try:
        return write_refused(file, refused, directory=refused_to)
    except UserError:
        if refused_to is not None:
            raise
        # Workbooks often lie where only others may write.
        return write_refused(file, refused, directory=Path.cwd())
