"""What every test may ask for."""

from __future__ import annotations

import structlog
from hypothesis import settings
from structlog.dev import ConsoleRenderer, plain_traceback

pytest_plugins = ["tests.machine_fixtures"]

# How long an example takes is the machine's matter, not the product's.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Where nobody has set up the logging, structlog draws an exception with all its locals, which takes seconds.
structlog.configure(
    processors=[structlog.processors.add_log_level, ConsoleRenderer(exception_formatter=plain_traceback)]
)
