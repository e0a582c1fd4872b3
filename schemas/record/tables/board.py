"""The tables behind the board of today: sums, and what each case puts into them. All of it can be made anew from the events."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from schemas.record.metadata import METADATA, MOMENT

case_measures = Table(
    "case_measures",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("unit", Text, nullable=False),
    Column("ledger", Text, nullable=False),
    Column("cells", JSONB, nullable=False),
)
"""What each case puts into ``board_cells``, as of its event ``seq``: so that it can be taken out again."""

count_profiles = Table(
    "count_profiles",
    METADATA,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("ledger", Text, nullable=False),
    Column("counts", JSONB, nullable=False),
    Index("ix_count_profiles_counts", "ledger", "counts", unique=True),
)
"""What cases can count, each once: of a million cases there are some hundred different."""

case_counts = Table(
    "case_counts",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("since", MOMENT, primary_key=True),
    Column("until", MOMENT, nullable=False),
    Column("profile", Integer, nullable=False),
    Column("unit", Text, nullable=False),
    Column("received_at", MOMENT, nullable=False),
    Column("owed_since", MOMENT),
    Index(
        "ix_case_counts_profile",
        "profile",
        "received_at",
        "case_number",
        postgresql_include=["unit", "since", "until", "owed_since"],
    ),
    Index(
        "ix_case_counts_owed",
        "profile",
        "owed_since",
        "case_number",
        postgresql_include=["unit", "since", "until"],
        postgresql_where=text("owed_since IS NOT NULL"),
    ),
    Index("ix_case_counts_unit", "unit", postgresql_ops={"unit": "text_pattern_ops"}),
    Index("ix_case_counts_until", "until", postgresql_where=text("until < 'infinity'::timestamptz")),
)
"""What each case counts after ``since`` and through ``until``: so that the cases behind a number of the board are found without counting."""

board_cells = Table(
    "board_cells",
    METADATA,
    Column("unit", Text, primary_key=True),
    Column("ledger", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("since", MOMENT, primary_key=True),
    Column("below", BigInteger, nullable=False, server_default="0"),
    Column("own", BigInteger, nullable=False, server_default="0"),
    Index(
        "ix_board_cells_owed",
        "unit",
        "since",
        postgresql_ops={"unit": "text_pattern_ops"},
        postgresql_include=["own"],
        postgresql_where=text("what = 'owed'::text"),
    ),
    Index("ix_board_cells_empty", "unit", postgresql_where=text("below = 0 AND own = 0")),
)
"""What the board of today adds up: how many of ``what`` the cases of a unit count (``own``), and with the units under it (``below``), from the
instant ``since`` on. Kept up by :mod:`activities.board.keeping`; can be rebuilt from the events at any time.
"""

OF_THE_BOARD = (board_cells, case_counts, case_measures, count_profiles)
"""Tables beside the record, made anew from its events whenever they are empty."""
