"""The tables, as SQLAlchemy Core. ``events`` is the truth and append-only; everything else can be rebuilt from it or is reference data.

Times are ``timestamptz`` in UTC. Core SQL only, so that any PostgreSQL ≥ 15 serves.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from schemas.record.board_tables import board_cells, case_counts, case_measures, count_profiles
from schemas.record.metadata import METADATA, MOMENT

OF_THE_BOARD = (board_cells, case_counts, case_measures, count_profiles)
"""Tables beside the record, made anew from its events whenever they are empty."""

NO_MARKS = text("'{}'::text[]")

events = Table(
    "events",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("recorded_at", MOMENT, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("actor_unit", Text, nullable=False),
    Column("command_id", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("link", LargeBinary, nullable=False),
    Index("ix_events_at", "at"),
    Index("ix_events_sealed", "recorded_at", postgresql_where=text("kind = 'sealed'")),
)
"""The evidence: one row per event; ``link`` = hash(previous link ‖ canonical event)."""

commands = Table(
    "commands",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("command_id", Text, primary_key=True),
    Column("first_seq", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
)
"""Which command wrote which events: a repeated command is answered from here and writes nothing."""

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
    Index("ix_cases_updated_at", "updated_at", postgresql_using="brin", postgresql_with={"pages_per_range": "32"}),
    Index("ix_cases_persons", "persons", postgresql_using="gin"),
    Index("ix_cases_seen_by", "seen_by", postgresql_using="gin"),
    Index(
        "ix_cases_kept_from", "kept_from", postgresql_using="gin", postgresql_where=text("kept_from <> '{}'::text[]")
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

intake = Table(
    "intake",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("source_event_id", Text, primary_key=True),
    Column("content_hash", LargeBinary, nullable=False),
    Column("case_number", Text, nullable=False, unique=True),
    Column("tracking_code", Text, nullable=False, unique=True),
    Column("reserved_at", MOMENT, nullable=False),
    Column("filed_at", MOMENT),
    Index("ix_intake_source_event_id", "source_event_id"),
)
"""The numbers given out, by the source's own key. A number without ``filed_at`` is a visible gap until its filing is repeated."""

series = Table(
    "series",
    METADATA,
    Column("city", Text, primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("ledger", Text, primary_key=True),
    Column("last", Integer, nullable=False),
)
"""The last running number per city, year and ledger."""

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

resemblances = Table(
    "resemblances",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("signature", ARRAY(BigInteger), nullable=False),
)

resemblance_bands = Table(
    "resemblance_bands",
    METADATA,
    Column("band", BigInteger, primary_key=True),
    Column("case_number", Text, primary_key=True),
)
"""Text signatures of filed cases, and their bands, by which likely duplicates are found."""

journal = Table(
    "journal",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", MOMENT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("link", LargeBinary, nullable=False),
    Index("ix_journal_case", "case_number", "number"),
    Index("ix_journal_kind", "kind", "at"),
)
"""What was done with the record besides adding events: personal data revealed, dossiers exported, the read model repaired, checks and
their findings. One chain through all of it: ``link`` = hash(previous link ‖ canonical entry). ``case_number`` is empty where no one case is meant.
"""

seals = Table(
    "seals",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("link", LargeBinary, nullable=False),
    Column("history", LargeBinary, nullable=False),
    Column("history_events", Integer, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("sealed_at", MOMENT, nullable=False),
    Index("ix_seals_sealed_at", "sealed_at"),
)
"""A closed run of a case: the hash of its engine history, bound to event ``seq`` and its link."""

archives = Table(
    "archives",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("archived_at", MOMENT, nullable=False),
)
"""The engine history behind a seal, decoded, compressed, and sealed under the audit key."""

log_leaves = Table(
    "log_leaves",
    METADATA,
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("checkpoint", Integer, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("leaf", Text, nullable=False),
    Index("ix_log_leaves_case", "case_number", "index"),
)
"""The leaves of the Merkle log, in order: the head of a case, or of the journal (no ``case_number``), each time a checkpoint found it changed."""

checkpoints = Table(
    "checkpoints",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_at", MOMENT, nullable=False),
)
"""The signed checkpoints; what counts is their copy outside the database."""

accounts = Table(
    "accounts",
    METADATA,
    Column("person", Text, primary_key=True),
    Column("secret", Text, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("locked_until", MOMENT),
    Column("changed_at", MOMENT, nullable=False),
    Column("disabled_at", MOMENT),
)
"""Local accounts of people of the organisation; ``secret`` is the Argon2 hash of the password."""

sessions = Table(
    "sessions",
    METADATA,
    Column("id", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("seen_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Index("ix_sessions_person", "person"),
)
"""Who is signed in; ``id`` is the SHA-256 of what the browser holds."""

tokens = Table(
    "tokens",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("person", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT),
    Column("revoked_at", MOMENT),
    Column("used_at", MOMENT),
)
"""API tokens of machines, which act as a person of the organisation within ``scopes``; ``secret`` is a SHA-256."""

attachments = Table(
    "attachments",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("scan", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("added_at", MOMENT, nullable=False),
)
"""What was attached to a case, by the SHA-256 of its content; the content lies sealed in the attachment store."""

drafts = Table(
    "drafts",
    METADATA,
    Column("person", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("kept_at", MOMENT, nullable=False),
)
"""Forms half filled in, sealed: they hold what petitioners say of themselves."""

saved_filters = Table(
    "saved_filters",
    METADATA,
    Column("person", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("query", Text, nullable=False),
    Column("kept_at", MOMENT, nullable=False),
)
"""Lists a person looks at often, as the query of their address."""

parked = Table(
    "parked",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("parked_at", MOMENT, nullable=False),
    Column("driven_at", MOMENT),
    Index("ix_parked_waiting", "parked_at", postgresql_where=text("driven_at IS NULL")),
)
"""Messages of a broker that could not become a case, sealed, until somebody sends them in again."""

APPEND_ONLY = ("events", "commands", "journal", "seals", "archives", "log_leaves", "checkpoints")
"""Tables whose rows are never changed or removed; a trigger refuses it."""
