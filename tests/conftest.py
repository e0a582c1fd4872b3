"""What every test may ask for."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.machine_fixtures"]

# How long an example takes is the machine's matter, not the product's.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
