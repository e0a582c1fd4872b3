"""the tables of the evidence: journal, seals, archived histories, log and checkpoints"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("journal", "seals", "archives", "log_leaves", "checkpoints")


def upgrade() -> None:
    # It reads through a whole table, to index or to fill.
    op.execute("SET LOCAL statement_timeout = '120s'")
    op.create_table(
        "archives",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_number", "run", name=op.f("pk_archives")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "journal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_journal")),
    )
    op.create_index("ix_journal_case", "journal", ["case_number", "number"], unique=False)
    op.create_index("ix_journal_kind", "journal", ["kind", "at"], unique=False)
    op.create_table(
        "log_leaves",
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("checkpoint", sa.Integer(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("leaf", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_log_leaves")),
    )
    op.create_index("ix_log_leaves_case", "log_leaves", ["case_number", "index"], unique=False)
    op.create_table(
        "seals",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.Column("history", sa.LargeBinary(), nullable=False),
        sa.Column("history_events", sa.Integer(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_number", "run", name=op.f("pk_seals")),
    )
    op.create_index("ix_seals_sealed_at", "seals", ["sealed_at"], unique=False)
    op.create_index(
        "ix_events_sealed", "events", ["recorded_at"], unique=False, postgresql_where=sa.text("kind = 'sealed'")
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_index("ix_events_sealed", table_name="events")
    op.drop_index("ix_seals_sealed_at", table_name="seals")
    op.drop_table("seals")
    op.drop_index("ix_log_leaves_case", table_name="log_leaves")
    op.drop_table("log_leaves")
    op.drop_index("ix_journal_kind", table_name="journal")
    op.drop_index("ix_journal_case", table_name="journal")
    op.drop_table("journal")
    op.drop_table("checkpoints")
    op.drop_table("archives")
