"""Notices: owed, delivered, and as they reached people."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text, text

from schemas.record.metadata import METADATA, MOMENT

outbox = Table(
    "outbox",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("case_number", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("not_before", MOMENT, nullable=False),
    Column("next_attempt_at", MOMENT, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("delivered_at", MOMENT),
    Column("gave_up_at", MOMENT),
    Column("last_error", Text, nullable=False, server_default=""),
    Index(
        "ix_outbox_waiting",
        "next_attempt_at",
        postgresql_where=text("delivered_at IS NULL AND gave_up_at IS NULL"),
    ),
    Index("ix_outbox_case", "case_number"),
)
"""Notices owed, written in the same transaction as the events that owe them."""

deliveries = Table(
    "deliveries",
    METADATA,
    Column("notice_id", Text, primary_key=True),
    Column("transport", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("delivered_at", MOMENT),
    Column("gave_up_at", MOMENT),
    Column("last_error", Text, nullable=False, server_default=""),
)
"""What each transport did with a notice, so that one that fails does not repeat the others."""

inbox = Table(
    "inbox",
    METADATA,
    Column("notice_id", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("case_number", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("delivered_at", MOMENT, nullable=False),
    Column("read_at", MOMENT),
    Index("ix_inbox_person", "person", "delivered_at"),
)
"""The console inbox: a notice as it reached a person."""
