"""Bringing a database up to the tables of this release."""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

if TYPE_CHECKING:
    from alembic.config import Config


def configuration(dsn: str) -> Config:
    """Alembic's configuration without an ini file, so that an installed package can migrate."""
    # Imported where it is needed: a killed worker is back the sooner for every library it does not load.
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(resources.files("activities.record") / "migrations"))
    # Alembic reads options by configparser rules, where a percent sign begins a reference.
    config.set_main_option("sqlalchemy.url", dsn.replace("%", "%%"))
    return config


async def migrate(dsn: str) -> None:
    """Applies every migration that is missing. Safe to call at each start and from several processes at once."""
    from alembic import command  # noqa: PLC0415

    await asyncio.to_thread(command.upgrade, configuration(dsn), "head")


def new_engine(dsn: str, *, pool_size: int = 20) -> AsyncEngine:
    """An engine for the record; the caller owns and disposes of it. Error messages leave the parameters out: they hold people's words."""
    return create_async_engine(dsn, pool_size=pool_size, max_overflow=0, pool_timeout=10, hide_parameters=True)
