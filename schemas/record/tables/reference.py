"""Reference data, in versions that are never changed."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from schemas.record.metadata import METADATA, MOMENT

calendar_versions = Table(
    "calendar_versions",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("published_from", Date, nullable=False),
    Column("published_through", Date, nullable=False),
    Column("notice", Text, nullable=False),
    Column("imported_at", MOMENT, nullable=False),
)

calendar_days = Table(
    "calendar_days",
    METADATA,
    Column(
        "version",
        Integer,
        ForeignKey("calendar_versions.version"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("day", Date, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("notice", Text, nullable=False),
    Column("status", Text, nullable=False),
)
"""The days of a version that differ from Monday-Friday."""

documents = Table(
    "documents",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", JSONB, nullable=False),
    Column("imported_at", MOMENT, nullable=False),
)
"""Versions of the policy and of the organisation (``kind``)."""
