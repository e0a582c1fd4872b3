"""the cases behind the numbers of the board: what each case counts, by profiles that many share"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEPT = sa.text("kept_from <> '{}'::text[]")
OWED = sa.text("owed_since IS NOT NULL")
ENDING = sa.text("until < 'infinity'::timestamptz")


def upgrade() -> None:
    # It reads through a whole table, to index or to fill.
    op.execute("SET LOCAL statement_timeout = '120s'")
    # Cases are written again wherever they lie, so that ranges of pages soon hold old and new alike and all of them are looked at.
    op.drop_index("ix_cases_updated_at", table_name="cases", postgresql_using="brin")
    op.create_index("ix_cases_updated_at", "cases", ["updated_at"], unique=False)
    op.create_index(
        "ix_cases_kept_from", "cases", ["kept_from"], unique=False, postgresql_using="gin", postgresql_where=KEPT
    )
    op.create_table(
        "count_profiles",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_profiles")),
    )
    op.create_index("ix_count_profiles_counts", "count_profiles", ["ledger", "counts"], unique=True)
    op.create_table(
        "case_counts",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("profile", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owed_since", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("case_number", "since", name=op.f("pk_case_counts")),
    )
    op.create_index(
        "ix_case_counts_profile",
        "case_counts",
        ["profile", "received_at", "case_number"],
        unique=False,
        postgresql_include=["unit", "since", "until", "owed_since"],
    )
    op.create_index(
        "ix_case_counts_owed",
        "case_counts",
        ["profile", "owed_since", "case_number"],
        unique=False,
        postgresql_include=["unit", "since", "until"],
        postgresql_where=OWED,
    )
    op.create_index(
        "ix_case_counts_unit", "case_counts", ["unit"], unique=False, postgresql_ops={"unit": "text_pattern_ops"}
    )
    op.create_index("ix_case_counts_until", "case_counts", ["until"], unique=False, postgresql_where=ENDING)
    # What was kept knows nothing of the new counts; the first look at the board makes all of it anew.
    op.execute("TRUNCATE case_measures, board_cells")


def downgrade() -> None:
    op.drop_table("case_counts")
    op.drop_table("count_profiles")
    op.drop_index("ix_cases_kept_from", table_name="cases", postgresql_using="gin", postgresql_where=KEPT)
    op.execute("TRUNCATE case_measures, board_cells")
    op.drop_index("ix_cases_updated_at", table_name="cases")
    op.create_index(
        "ix_cases_updated_at",
        "cases",
        ["updated_at"],
        unique=False,
        postgresql_using="brin",
        postgresql_with={"pages_per_range": "32"},
    )
