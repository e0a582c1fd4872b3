"""The tables, as SQLAlchemy Core. ``events`` is the truth and append-only; everything else can be rebuilt from it or is reference data.

Times are ``timestamptz`` in UTC. Core SQL only, so that any PostgreSQL ≥ 15 serves.
"""

from __future__ import annotations

from schemas.record.metadata import METADATA
from schemas.record.tables.board import OF_THE_BOARD, board_cells, case_counts, case_measures, count_profiles
from schemas.record.tables.doors import (
    accounts,
    attachments,
    drafts,
    knocks,
    known_origins,
    saved_filters,
    sessions,
    tokens,
)
from schemas.record.tables.evidence import (
    APPEND_ONLY,
    archives,
    checkpoints,
    commands,
    events,
    journal,
    log_leaves,
    seals,
    trail_counts,
    trail_forwarded,
)
from schemas.record.tables.incoming import intake, parked, resemblance_bands, resemblances, series, tracking_codes
from schemas.record.tables.notices import deliveries, inbox, outbox
from schemas.record.tables.read_model import case_words, cases, petitioners
from schemas.record.tables.reference import calendar_days, calendar_versions, documents

__all__ = [
    "APPEND_ONLY",
    "METADATA",
    "OF_THE_BOARD",
    "accounts",
    "archives",
    "attachments",
    "board_cells",
    "calendar_days",
    "calendar_versions",
    "case_counts",
    "case_measures",
    "case_words",
    "cases",
    "checkpoints",
    "commands",
    "count_profiles",
    "deliveries",
    "documents",
    "drafts",
    "events",
    "inbox",
    "intake",
    "journal",
    "knocks",
    "known_origins",
    "log_leaves",
    "outbox",
    "parked",
    "petitioners",
    "resemblance_bands",
    "resemblances",
    "saved_filters",
    "seals",
    "series",
    "sessions",
    "tokens",
    "tracking_codes",
    "trail_counts",
    "trail_forwarded",
]
