"""Which tests come by a line, so that a mutant is shown only to those that could notice it; a plugin of pytest's, and what it wrote."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest

from tests.mutants.changing import Mutant
from tests.mutants.mutated import test_name

TESTS = (
    "tests/unit/schemas/petition",
    "tests/unit/schemas/evidence",
    "tests/unit/schemas/test_worktime.py",
    "tests/unit/schemas/test_calendar.py",
    "tests/unit/activities/test_codec.py",
    "tests/unit/activities/test_converter.py",
)
"""The unit tests of what is changed."""
TESTED_BY = ("tests/unit/schemas", "tests/unit/activities", "tests/strategies.py")
"""Where it is looked for whether the tests have changed."""
SOURCES = ("schemas", "activities")
WRITTEN = "SANZHANG_COVERED"
AT_IMPORT = ""
"""In the place of a test: the line is run when the module is imported."""


@dataclass(frozen=True)
class Covered:
    """For each file and line the tests that come by; and how long each test takes, in seconds."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def tests_of(self, mutant: Mutant, longest: float) -> dict[str, float]:
        """The tests that could notice it, with how long each takes; none that takes longer than ``longest`` (seconds)."""
        lines = self.lines.get(mutant.path, {})
        first, last = mutant.lines
        found = {test for line in range(first, last + 1) for test in lines.get(line, [])}
        if AT_IMPORT in found:
            # What stands in a module's own lines is seen by whatever uses the module.
            found = {test for tests in lines.values() for test in tests}
        return {test: self.seconds[test] for test in sorted(found) if self.seconds.get(test, math.inf) <= longest}


def covered(root: Path, memory: Path) -> Covered:
    """As remembered if neither sources nor tests have changed, else found anew by running the tests once."""
    kept = memory / "covered.json"
    digest = digest_of(root, (*SOURCES, *TESTED_BY))
    if not kept.exists() or json.loads(kept.read_text(encoding="utf-8"))["digest"] != digest:
        written = memory / "covered.new"
        command = (sys.executable, "-m", "pytest", "-q", *PYTEST, "-p", "tests.mutants.covering", *TESTS)
        subprocess.run(command, cwd=root, env=os.environ | LEAN | {WRITTEN: str(written)}, check=True)
        found = json.loads(written.read_text(encoding="utf-8"))
        kept.write_text(json.dumps({"digest": digest} | found), encoding="utf-8")
        written.unlink()
    found = json.loads(kept.read_text(encoding="utf-8"))
    lines = {path: {int(line): tests for line, tests in each.items()} for path, each in found["lines"].items()}
    return Covered(lines, found["seconds"])


_PLUGINS = ("pytest_asyncio.plugin", "pytest_timeout", "_hypothesis_pytestplugin", "tests.mutants.mutated")
PYTEST = (*(each for plugin in _PLUGINS for each in ("-p", plugin)), "-p", "no:cacheprovider", "--noconftest")
"""Nothing that these tests can do without: what every test may ask for (databases, engines, other plugins) takes longer to load than they take."""
LEAN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def digest_of(root: Path, places: tuple[str, ...]) -> str:
    """Of all Python files there."""
    paths = sorted(path for place in places for path in _python(root / place))
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in paths)).hexdigest()


def _python(place: Path) -> Iterator[Path]:
    yield from (place,) if place.is_file() else place.rglob("*.py")


# The plugin: loaded before anything that is measured.
_written = os.environ.get(WRITTEN)
_measuring = coverage.Coverage(data_file=None, source=list(SOURCES)) if _written else None
_seconds: dict[str, float] = {}
if _measuring is not None:
    _measuring.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Says for which test the lines are run."""
    name, begun = test_name(item.nodeid), time.perf_counter()
    if _measuring is not None:
        _measuring.switch_context(name)
    result = yield
    if _measuring is not None:
        _measuring.switch_context(AT_IMPORT)
    _seconds[name] = _seconds.get(name, 0.0) + time.perf_counter() - begun
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes what was found."""
    if _measuring is None or _written is None:
        return
    _measuring.stop()
    data = _measuring.get_data()
    lines = {
        Path(path).relative_to(session.config.rootpath).as_posix(): {
            line: tests for line, tests in data.contexts_by_lineno(path).items() if tests
        }
        for path in data.measured_files()
    }
    Path(_written).write_text(json.dumps({"lines": lines, "seconds": _seconds}), encoding="utf-8")
