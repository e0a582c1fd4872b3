"""What every test may ask for."""

from __future__ import annotations

import pytest
import structlog
from hypothesis import Phase, settings
from structlog.dev import ConsoleRenderer, plain_traceback

pytest_plugins = ["tests.machine_fixtures"]

# How long an example takes is the machine's matter, not the product's. What explains a failing example traces every line: a time limit that rings
# meanwhile never comes to an end (CPython 3.11).
settings.register_profile("untimed", deadline=None, phases=[phase for phase in Phase if phase is not Phase.explain])
settings.load_profile("untimed")

SHRUNK_SECONDS = 600
"""A failing example is made smaller for up to five minutes, and is not to be lost to the time limit of a test."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Property tests may take as long as that."""
    for item in items:
        if isinstance(item, pytest.Function) and getattr(item.obj, "is_hypothesis_test", False):
            item.add_marker(pytest.mark.timeout(SHRUNK_SECONDS))


# Where nobody has set up the logging, structlog draws an exception with all its locals, which takes seconds.
structlog.configure(
    processors=[structlog.processors.add_log_level, ConsoleRenderer(exception_formatter=plain_traceback)]
)
