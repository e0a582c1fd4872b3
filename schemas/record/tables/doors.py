"""What the doors keep: who comes in, what was attached, and what people have half done."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from schemas.record.metadata import METADATA, MOMENT

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
"""Local accounts of people of the organisation; ``secret`` is the Argon2 hash of the password, empty for somebody without one who is shut out.

``failures`` and ``locked_until`` are of earlier releases; ``knocks`` counts now.
"""

knocks = Table(
    "knocks",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("since", MOMENT, nullable=False),
    Column("last_at", MOMENT, nullable=False),
    Column("free_at", MOMENT, nullable=False),
    Index("ix_knocks_last_at", "last_at"),
)
"""Failed sign-ins, counted; ``key`` is a keyed hash of account and origin, of a place, or of an account. ``free_at``: before it none is tried."""

known_origins = Table(
    "known_origins",
    METADATA,
    Column("person", Text, primary_key=True),
    Column("origin", LargeBinary, primary_key=True),
    Column("seen_at", MOMENT, nullable=False),
    Index("ix_known_origins_origin", "origin"),
)
"""Where each account was signed in to lately: keyed hashes of places, and of the marks browsers keep."""

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
    Column("place", Text, nullable=False, server_default=""),
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
