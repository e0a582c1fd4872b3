"""Showing a mutant to the tests, and remembering what they said of it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.changing import Mutant
from tests.mutants.covering import LEAN, PYTEST
from tests.mutants.mutated import ASKED

PATIENCE_SECONDS = 20.0
"""Besides three times what the longest test takes by itself: who has turned in a circle that long does not come out of it."""
LARGEST = 2 << 30
"""Bytes of memory: an endless list ends here."""


class Outcome(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    STILLBORN = "stillborn"
    """Nothing can even be imported with it: it asks nothing of the tests, and is not counted."""


@dataclass(frozen=True)
class Tried:
    """An outcome holds while the file that is changed stays as it was; that one survived, only while the tests stay as well."""

    name: str
    outcome: Outcome
    source: str
    tests: str


class Memory:
    """What was tried before, one line each; the latest word on a mutant counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Tried] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                said = json.loads(line)
                self._known[said["name"]] = Tried(**said | {"outcome": Outcome(said["outcome"])})

    def of(self, mutant: Mutant, source: str, tests: str) -> Outcome | None:
        """What is known of it that still holds."""
        tried = self._known.get(mutant.name)
        if tried is None or tried.source != source or (tried.outcome is Outcome.SURVIVED and tried.tests != tests):
            return None
        return tried.outcome

    def keep(self, tried: Tried) -> None:
        """At once, so that whatever ends the run loses nothing."""
        if self._known.get(tried.name) == tried:
            return
        self._known[tried.name] = tried
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(tried), ensure_ascii=False) + "\n")


def outcome_of(mutant: Mutant, root: Path, tests: dict[str, float]) -> Outcome:
    """Whether one of the tests (with the seconds each takes) fails with it; one that never comes to an end fails."""
    if not tests:
        return Outcome.SURVIVED
    text = mutant.applied((root / mutant.path).read_bytes())
    with TemporaryDirectory() as place:
        run = Path(place) / "run.json"
        run.write_text(json.dumps({"path": mutant.path, "text": text, "tests": tests}), encoding="utf-8")
        files = sorted({test.split("::", 1)[0] for test in tests})
        limit = f"--timeout={PATIENCE_SECONDS + 3 * max(tests.values()):.0f}"
        command = (sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "--no-header", limit, *PYTEST, *files)
        try:
            code = subprocess.run(
                command,
                cwd=root,
                env=os.environ | LEAN | {ASKED: str(run)},
                capture_output=True,
                timeout=PATIENCE_SECONDS + 10 * sum(tests.values()),
                preexec_fn=_limited,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return Outcome.KILLED
    match code:
        case 0:
            return Outcome.SURVIVED
        case 1:
            return Outcome.KILLED
        case code if code < 0:
            # Ended from outside: for its memory.
            return Outcome.KILLED
        case _:
            return Outcome.STILLBORN


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (LARGEST, LARGEST))
