"""The evidence: events and the commands that wrote them, the journal, seals and archives, the log and its checkpoints."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from schemas.record.metadata import METADATA, MOMENT

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
    Column("credential", Text, nullable=False, server_default=""),
    Index("ix_events_at", "at"),
    Index("ix_events_sealed", "recorded_at", postgresql_where=text("kind = 'sealed'")),
)
"""The evidence: one row per event; ``link`` = hash(previous link ‖ canonical event). ``credential``: the session, token or door of the order."""

commands = Table(
    "commands",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("command_id", Text, primary_key=True),
    Column("first_seq", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
)
"""Which command wrote which events: a repeated command is answered from here and writes nothing."""

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
    Column("credential", Text, nullable=False, server_default=""),
    Index("ix_journal_case", "case_number", "number"),
    Index("ix_journal_kind", "kind", "at"),
)
"""What was done with the record besides adding events: personal data revealed, dossiers exported, the read model repaired, checks and
their findings. One chain through all of it: ``link`` = hash(previous link ‖ canonical entry). ``case_number`` is empty where no one case is meant.
"""

trail_counts = Table(
    "trail_counts",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("credential", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("case_number", Text, primary_key=True),
    Column("since", MOMENT, primary_key=True),
    Column("role", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("count", Integer, nullable=False),
)
"""Of the security trail what is still being counted; the journal gets it when its window has ended."""

trail_forwarded = Table(
    "trail_forwarded",
    METADATA,
    Column("target", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("at", MOMENT, nullable=False),
)
"""Up to which entry of the journal the trail was handed to each receiver."""

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

APPEND_ONLY = ("events", "commands", "journal", "seals", "archives", "log_leaves", "checkpoints")
"""Tables whose rows are never changed or removed; a trigger refuses it."""
