"""Bringing a database up to the tables of this release."""

from __future__ import annotations

import asyncio
from importlib import resources

from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def configuration(dsn: str) -> Config:
    """Alembic's configuration without an ini file, so that an installed package can migrate."""
    config = Config()
    config.set_main_option("script_location", str(resources.files("activities.record") / "migrations"))
    # Alembic reads options by configparser rules, where a percent sign begins a reference.
    config.set_main_option("sqlalchemy.url", dsn.replace("%", "%%"))
    return config


async def migrate(dsn: str) -> None:
    """Applies every migration that is missing. Safe to call at each start and from several processes at once."""
    await asyncio.to_thread(command.upgrade, configuration(dsn), "head")


def new_engine(dsn: str, *, pool_size: int = 20) -> AsyncEngine:
    """An engine for the record; the caller owns and disposes of it. Error messages leave the parameters out: they hold people's words."""
    return create_async_engine(dsn, pool_size=pool_size, max_overflow=0, pool_timeout=10, hide_parameters=True)
