"""tracking codes are kept as hashes; those of before are taken over at the start of this release, which has the key

(activities/record/codes.py). The column that held them stays for the release that still runs; the role of the doors does not read this table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # It reads through a whole table, to index or to fill.
    op.execute("SET LOCAL statement_timeout = '120s'")
    op.create_table(
        "tracking_codes",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("issue", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("pin_hash", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_over", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("case_number", name=op.f("pk_tracking_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_tracking_codes_code_hash")),
    )
    op.create_index(
        "ix_tracking_codes_sealed",
        "tracking_codes",
        ["issued_at"],
        unique=False,
        postgresql_where=sa.text("sealed IS NOT NULL"),
    )
    # Those that still stand in clear.
    op.create_index(
        "ix_intake_code_in_clear",
        "intake",
        ["reserved_at"],
        unique=False,
        postgresql_where=sa.text("left(tracking_code, 1) <> '#'"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_intake_code_in_clear", table_name="intake", postgresql_where=sa.text("left(tracking_code, 1) <> '#'")
    )
    op.drop_index(
        "ix_tracking_codes_sealed", table_name="tracking_codes", postgresql_where=sa.text("sealed IS NOT NULL")
    )
    op.drop_table("tracking_codes")
