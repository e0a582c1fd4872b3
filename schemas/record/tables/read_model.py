"""Cases as lists and pages read them: folds of the events, which can be rebuilt from them at any time."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from schemas.record.metadata import METADATA, MOMENT

NO_MARKS = text("'{}'::text[]")

cases = Table(
    "cases",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("link", LargeBinary, nullable=False),
    Column("stage", Text, nullable=False),
    Column("ledger", Text, nullable=False),
    Column("complexity", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("confidential", Boolean, nullable=False),
    Column("unit", Text, nullable=False),
    Column("registrar", Text, nullable=False),
    Column("accountable", Text, nullable=False),
    Column("lead", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("submitted_at", MOMENT),
    Column("received_at", MOMENT, nullable=False),
    Column("due", MOMENT),
    Column("due_clock", Text),
    Column("due_provisional", Boolean, nullable=False),
    Column("card", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("merged_into", Text, nullable=False),
    Column("ground", Text),
    Column("calendar_version", Integer, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("persons", ARRAY(Text), nullable=False),
    Column("sealed_at", MOMENT),
    Column("state", JSONB, nullable=False),
    Column("updated_at", MOMENT, nullable=False),
    Column("seen_by", ARRAY(Text), nullable=False, server_default=NO_MARKS),
    Column("kept_from", ARRAY(Text), nullable=False, server_default=NO_MARKS),
    Index("ix_cases_open_due", "due", "case_number", postgresql_where=text("sealed_at IS NULL")),
    Index("ix_cases_stage", "stage", "received_at"),
    Index("ix_cases_unit", "unit", postgresql_ops={"unit": "text_pattern_ops"}),
    Index("ix_cases_received_at", "received_at", "case_number"),
    Index("ix_cases_channel", "channel", "received_at"),
    Index("ix_cases_card", "card", "received_at", postgresql_where=text("card <> ''::text")),
    Index("ix_cases_lead", "lead", postgresql_ops={"lead": "text_pattern_ops"}),
    Index("ix_cases_owner", "owner", postgresql_ops={"owner": "text_pattern_ops"}),
    Index("ix_cases_updated_at", "updated_at"),
    Index("ix_cases_persons", "persons", postgresql_using="gin"),
    Index("ix_cases_seen_by", "seen_by", postgresql_using="gin"),
    Index(
        "ix_cases_kept_from", "kept_from", postgresql_using="gin", postgresql_where=text("kept_from <> '{}'::text[]")
    ),
    Index(
        "ix_cases_deciding",
        "due",
        "case_number",
        postgresql_where=text("(state ->> 'held') IS NOT NULL OR (state ->> 'pending') IS NOT NULL"),
    ),
    Index("ix_cases_without_marks", "case_number", postgresql_where=text("seen_by = '{}'::text[]")),
)
"""The read model: the fold of a case's events, with what lists and boards need as columns.

``seen_by`` and ``kept_from`` are the marks by which row-level security knows who may see the case (:mod:`schemas.access.sight`).
"""

case_words = Table(
    "case_words",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("received_at", MOMENT, nullable=False),
    Column("words", ARRAY(Text), nullable=False),
    Index("ix_case_words_words", "words", postgresql_using="gin"),
    Index("ix_case_words_received_at", "received_at", "case_number"),
)
"""Every two characters that follow each other in a case's title or text, for searching in texts without blanks; kept by a trigger."""

petitioners = Table(
    "petitioners",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("alias", Text, nullable=False),
    Column("representative", Boolean, nullable=False),
    Column("sealed", JSONB),
)
"""Who petitions; personal data only as sealed (encrypted) and masked."""
