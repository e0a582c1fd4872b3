"""each viewer sees their own rows: marks on the cases, the door's role, and the policies it reads under

The rule is schemas/lifecycle/authority.py (may_see); schemas/access/sight.py turns it into marks. What stands here is its second enforcement,
in case a door forgets to ask: it only compares marks. tests/unit/activities/access/test_row_security.py keeps the three equal.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROLE = "sanzhang_door"

OF_A_CASE = ("events", "commands", "petitioners", "outbox", "intake", "seals", "archives", "log_leaves", "attachments")
"""Tables whose rows are seen with their case."""
GUARDED = ("cases", *OF_A_CASE, "deliveries", "inbox", "journal")
OPEN = ("calendar_versions", "calendar_days", "documents", "checkpoints")
"""What everybody who is signed in may read: the rules, the people and units, the signed checkpoints. Not listed, not readable."""

SEEN = "EXISTS (SELECT FROM cases seen WHERE seen.case_number = {table}.case_number)"

POLICIES = {
    # The functions stand in the expression itself, and not in a sub-select: so the planner knows how much a viewer sees.
    "cases": "seen_by && viewer_sees() AND NOT kept_from && viewer_being()",
    **{table: SEEN.format(table=table) for table in OF_A_CASE},
    # The head of the journal is in the log too; a case has none of it.
    "log_leaves": f"(case_number = '' AND viewer_role() = 'auditor') OR {SEEN.format(table='log_leaves')}",
    "deliveries": "EXISTS (SELECT FROM outbox owed WHERE owed.id = deliveries.notice_id)",
    # A notice of a case that has turned against its reader is not shown again.
    "inbox": f"person = viewer_person() AND {SEEN.format(table='inbox')}",
    "journal": (
        "person = viewer_person()"
        f" OR (viewer_role() = 'auditor' AND (case_number = '' OR {SEEN.format(table='journal')}))"
    ),
}

FUNCTIONS = {
    "viewer_sees": ("text[]", "CAST(coalesce(nullif(current_setting('sanzhang.sees', true), ''), '{}') AS text[])"),
    "viewer_being": ("text[]", "CAST(coalesce(nullif(current_setting('sanzhang.being', true), ''), '{}') AS text[])"),
    "viewer_person": ("text", "coalesce(current_setting('sanzhang.person', true), '')"),
    "viewer_role": ("text", "coalesce(current_setting('sanzhang.role', true), '')"),
}
"""Who looks, as the door has said for this transaction; nobody where it has said nothing."""

MAKE_ROLE = f"""
DO $$
BEGIN
    -- The role is the server's, not the database's: another database may have made it, or make it at this moment.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
        CREATE ROLE {ROLE} NOLOGIN;
    END IF;
    IF NOT pg_has_role(current_user, '{ROLE}', 'MEMBER') THEN
        EXECUTE format('GRANT {ROLE} TO %I', current_user);
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$
"""

NOTHING = sa.text("'{}'::text[]")


def upgrade() -> None:
    # It reads through a whole table, to index or to fill.
    op.execute("SET LOCAL statement_timeout = '120s'")
    for column in ("seen_by", "kept_from"):
        # Seen by nobody until the marks are filled in, which follows (activities/access/backfill.py).
        op.add_column("cases", sa.Column(column, postgresql.ARRAY(sa.Text()), server_default=NOTHING, nullable=False))
    op.create_index("ix_cases_seen_by", "cases", ["seen_by"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_cases_without_marks",
        "cases",
        ["case_number"],
        unique=False,
        postgresql_where=sa.text("seen_by = '{}'::text[]"),
    )
    op.execute(MAKE_ROLE)
    for name, (kind, body) in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS {kind} LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT {body} $$")
        op.execute(
            f"COMMENT ON FUNCTION {name}() IS"
            " 'Second enforcement of schemas/lifecycle/authority.py; tests/unit/activities/access/test_row_security.py keeps them equal'"
        )
    for table in GUARDED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        # Workers connect as the owner and carry every case; another account of theirs needs a policy like this one.
        op.execute(f"CREATE POLICY workers ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY viewer ON {table} FOR SELECT TO {ROLE} USING ({POLICIES[table]})")
    op.execute(f"GRANT SELECT ON {', '.join((*GUARDED, *OPEN))} TO {ROLE}")
    op.execute(f"DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO {ROLE}', current_schema()); END $$")


def downgrade() -> None:
    op.execute(f"REVOKE ALL ON {', '.join((*GUARDED, *OPEN))} FROM {ROLE}")
    op.execute(f"DO $$ BEGIN EXECUTE format('REVOKE ALL ON SCHEMA %I FROM {ROLE}', current_schema()); END $$")
    for table in GUARDED:
        op.execute(f"DROP POLICY viewer ON {table}")
        op.execute(f"DROP POLICY workers ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_index("ix_cases_without_marks", table_name="cases")
    op.drop_index("ix_cases_seen_by", table_name="cases")
    op.drop_column("cases", "kept_from")
    op.drop_column("cases", "seen_by")
