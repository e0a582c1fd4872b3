"""the cases that wait for a decision on whom they complain of, or for a second person"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

DECIDING = sa.text("(state ->> 'held') IS NOT NULL OR (state ->> 'pending') IS NOT NULL")


def upgrade() -> None:
    # It reads through a whole table, to index or to fill.
    op.execute("SET LOCAL statement_timeout = '120s'")
    op.create_index("ix_cases_deciding", "cases", ["due", "case_number"], unique=False, postgresql_where=DECIDING)


def downgrade() -> None:
    op.drop_index("ix_cases_deciding", table_name="cases", postgresql_where=DECIDING)
