"""A plugin of pytest's: loads one module with a change in it, and runs the tests that are named, the shortest first, until one fails.

No file is changed, so that whatever ends the run leaves the sources as they are.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest
from hypothesis import Phase, settings

ASKED = "SANZHANG_MUTANT"
"""The variable that names the file with the run: the path of the module, its changed text, the tests with how long each takes."""


class _ChangedLoader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, text: str) -> None:
        super().__init__(fullname, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        """Of the changed text, past every cache."""
        return compile(self._text, self.path, "exec", dont_inherit=True)


class ChangedModule(MetaPathFinder):
    """Finds the one module that is changed."""

    def __init__(self, path: Path, text: str) -> None:
        relative = path.with_suffix("")
        self._package = relative.name == "__init__"
        self._name = ".".join(relative.parent.parts if self._package else relative.parts)
        self._path, self._text = path, text

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """None for every other module."""
        if fullname != self._name:
            return None
        whole = str(self._path.absolute())
        loader = _ChangedLoader(fullname, whole, self._text)
        beneath = [str(self._path.absolute().parent)] if self._package else None
        return spec_from_file_location(fullname, whole, loader=loader, submodule_search_locations=beneath)


def _asked() -> Mapping[str, Any]:
    said = os.environ.get(ASKED)
    return json.loads(Path(said).read_text(encoding="utf-8")) if said else {}


_run = _asked()
if _run:
    sys.meta_path.insert(0, ChangedModule(Path(_run["path"]), _run["text"]))


def pytest_sessionstart() -> None:
    """Examples are the same each time, and none is made smaller: that one fails is enough."""
    settings.register_profile(
        "mutants",
        settings.default,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
    )
    settings.load_profile("mutants")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Only the tests named, the shortest first."""
    tests: dict[str, float] = _run.get("tests", {})
    if tests:
        items[:] = sorted(
            (item for item in items if test_name(item.nodeid) in tests), key=lambda item: tests[test_name(item.nodeid)]
        )


def test_name(node: str) -> str:
    """A test with all its cases."""
    return node.split("[", 1)[0]


test_name.__test__ = False  # pyright: ignore[reportFunctionMemberAccess] - pytest would take it for a test
