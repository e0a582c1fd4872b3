"""What is kept of a closed run: its engine history, in clear form, and the bytes by which it is sealed."""

from __future__ import annotations

import json
from typing import Any

from schemas.evidence.links import history_hash
from schemas.kernel.model import Frozen

__all__ = ["ArchiveDocument", "EngineHistory", "history_hash", "read", "workflow_id", "written"]


class EngineHistory(Frozen):
    """One run of a workflow; ``history`` is the engine's own JSON of it (``temporal.api.history.v1.History``), payloads opened."""

    workflow_id: str
    run_id: str
    history: dict[str, Any]

    @property
    def events(self) -> int:
        """How many events it holds."""
        return len(self.history.get("events", ()))


class ArchiveDocument(Frozen):
    """All engine runs that carried one run of a case, oldest first."""

    case: str
    run: int
    histories: tuple[EngineHistory, ...]

    @property
    def events(self) -> int:
        """How many engine events it holds."""
        return sum(history.events for history in self.histories)


def workflow_id(number: str) -> str:
    """The workflow that carries a case: by it the engine, the archive and the record are matched."""
    return f"petition-{number}"


def written(document: ArchiveDocument) -> bytes:
    """The document as it is kept and hashed: JSON with sorted keys, no white space, UTF-8.

    What counts is these bytes, never a second writing of what was read from them: an engine's history holds floats.
    """
    content = {
        "case": document.case,
        "run": document.run,
        "histories": [history.model_dump() for history in document.histories],
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def read(content: bytes) -> ArchiveDocument:
    """The document these bytes hold. ``ValueError`` where they hold none."""
    return ArchiveDocument.model_validate_json(content)
