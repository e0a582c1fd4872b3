"""failed sign-ins counted by origin, sessions with a place, tokens that end, events that name either"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "knocks",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_knocks")),
    )
    op.create_index("ix_knocks_last_at", "knocks", ["last_at"], unique=False)
    op.create_table(
        "known_origins",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("origin", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", "origin", name=op.f("pk_known_origins")),
    )
    op.create_index("ix_known_origins_origin", "known_origins", ["origin"], unique=False)
    op.add_column("sessions", sa.Column("place", sa.Text(), server_default="", nullable=False))
    op.add_column("events", sa.Column("credential", sa.Text(), server_default="", nullable=False))
    op.add_column("journal", sa.Column("credential", sa.Text(), server_default="", nullable=False))
    # Whoever uses one of these has a quarter of a year to get another.
    op.execute(
        "UPDATE tokens SET expires_at = now() + interval '90 days' WHERE expires_at IS NULL AND revoked_at IS NULL"
    )


def downgrade() -> None:
    op.drop_column("journal", "credential")
    op.drop_column("events", "credential")
    op.drop_column("sessions", "place")
    op.drop_index("ix_known_origins_origin", table_name="known_origins")
    op.drop_table("known_origins")
    op.drop_index("ix_knocks_last_at", table_name="knocks")
    op.drop_table("knocks")
