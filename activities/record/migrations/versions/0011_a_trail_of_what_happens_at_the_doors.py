"""what is counted for the security trail, and how far it was forwarded"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = ("kind", "person", "credential", "account", "place", "case_number")


def upgrade() -> None:
    op.create_table(
        "trail_counts",
        *(sa.Column(name, sa.Text(), nullable=False) for name in KEY),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*KEY, "since", name=op.f("pk_trail_counts")),
    )
    op.create_table(
        "trail_forwarded",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_trail_forwarded")),
    )


def downgrade() -> None:
    op.drop_table("trail_forwarded")
    op.drop_table("trail_counts")
