"""lists and boards of a million cases: the words of texts, the sums of the board, and the orders in which lists are turned"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROLE = "sanzhang_door"

PAIRS = """
CREATE FUNCTION pairs_of(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT one || two), '{}')
    FROM (
        SELECT one, lead(one) OVER (ORDER BY place) AS two
        FROM regexp_split_to_table(lower(said), '') WITH ORDINALITY AS split(one, place)
    ) AS following
    WHERE two IS NOT NULL
$$
"""
"""Every two characters that follow each other: Chinese is written without blanks, and nothing but plpgsql may be expected of a database."""

KEEP = """
CREATE FUNCTION keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO case_words (case_number, received_at, words)
    VALUES (NEW.case_number, NEW.received_at, pairs_of(NEW.title || E'\\n' || NEW.text))
    ON CONFLICT (case_number) DO UPDATE SET received_at = EXCLUDED.received_at, words = EXCLUDED.words;
    RETURN NULL;
END
$$
"""

FIND = f"""
CREATE FUNCTION cases_with(asked text[], before timestamptz, before_number text, most integer)
RETURNS TABLE (case_number text, received_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    visible text := '';
BEGIN
    -- It reads as the owner, for under a policy no index of words can be used; so it asks for the viewer's marks itself, as that policy does.
    IF current_setting('role', true) = '{ROLE}' THEN
        visible := ' JOIN cases seen ON seen.case_number = found.case_number'
            ' AND seen.seen_by && viewer_sees() AND NOT seen.kept_from && viewer_being()';
    END IF;
    -- Planned anew for what is asked: a common word is found by walking from the newest case, a rare one by its index.
    RETURN QUERY EXECUTE
        'SELECT found.case_number, found.received_at FROM case_words found' || visible ||
        ' WHERE found.words @> $1 AND (found.received_at, found.case_number) < ($2, $3)'
        ' ORDER BY found.received_at DESC, found.case_number DESC LIMIT $4'
        USING asked, before, before_number, most;
END
$$
"""  # noqa: S608

ROWS = """
CREATE FUNCTION cases_expected(asked text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    pair text;
    plan json;
    least bigint := 9223372036854775807;
BEGIN
    -- (Volatile, for EXPLAIN is allowed nowhere else.) What the planner expects of the rarest pair alone: of all together it expects too little, for the pairs of a word are no strangers.
    FOREACH pair IN ARRAY asked[1:8] LOOP
        EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM case_words WHERE words @> ARRAY[%L]', pair) INTO plan;
        least := least(least, (plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric::bigint);
    END LOOP;
    RETURN least;
END
$$
"""

FUNCTIONS = ("cases_with(text[], timestamptz, text, integer)", "cases_expected(text[])")

OPEN_DUE = "sealed_at IS NULL"
BY_PATH = ("lead", "owner")


def upgrade() -> None:
    # It reads through a whole table, to index or to fill.
    op.execute("SET LOCAL statement_timeout = '120s'")
    op.drop_index("ix_cases_received_at", table_name="cases")
    op.create_index("ix_cases_received_at", "cases", ["received_at", "case_number"], unique=False)
    op.drop_index("ix_cases_open_due", table_name="cases", postgresql_where=sa.text(OPEN_DUE))
    op.create_index(
        "ix_cases_open_due", "cases", ["due", "case_number"], unique=False, postgresql_where=sa.text(OPEN_DUE)
    )
    op.create_index("ix_cases_channel", "cases", ["channel", "received_at"], unique=False)
    op.create_index(
        "ix_cases_card", "cases", ["card", "received_at"], unique=False, postgresql_where=sa.text("card <> ''::text")
    )
    for column in BY_PATH:
        op.create_index(
            f"ix_cases_{column}", "cases", [column], unique=False, postgresql_ops={column: "text_pattern_ops"}
        )
    op.create_index(
        "ix_cases_updated_at",
        "cases",
        ["updated_at"],
        unique=False,
        postgresql_using="brin",
        postgresql_with={"pages_per_range": "32"},
    )
    op.create_index("ix_intake_source_event_id", "intake", ["source_event_id"], unique=False)
    op.create_table(
        "case_words",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("case_number", name=op.f("pk_case_words")),
    )
    op.execute(PAIRS)
    op.execute(KEEP)
    op.execute(FIND)
    op.execute(ROWS)
    op.execute("INSERT INTO case_words SELECT case_number, received_at, pairs_of(title || E'\\n' || text) FROM cases")
    op.create_index("ix_case_words_words", "case_words", ["words"], unique=False, postgresql_using="gin")
    op.create_index("ix_case_words_received_at", "case_words", ["received_at", "case_number"], unique=False)
    op.execute(
        "CREATE TRIGGER cases_words AFTER INSERT OR UPDATE OF title, text ON cases"
        " FOR EACH ROW EXECUTE FUNCTION keep_words()"
    )
    op.create_table(
        "case_measures",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("cells", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("case_number", name=op.f("pk_case_measures")),
    )
    op.create_table(
        "board_cells",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("below", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("own", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("unit", "ledger", "what", "since", name=op.f("pk_board_cells")),
    )
    op.create_index(
        "ix_board_cells_owed",
        "board_cells",
        ["unit", "since"],
        unique=False,
        postgresql_ops={"unit": "text_pattern_ops"},
        postgresql_include=["own"],
        postgresql_where=sa.text("what = 'owed'::text"),
    )
    op.create_index(
        "ix_board_cells_empty", "board_cells", ["unit"], unique=False, postgresql_where=sa.text("below = 0 AND own = 0")
    )
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {ROLE}")


def downgrade() -> None:
    op.drop_table("board_cells")
    op.drop_table("case_measures")
    op.execute("DROP TRIGGER cases_words ON cases")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP FUNCTION keep_words()")
    op.drop_table("case_words")
    op.execute("DROP FUNCTION pairs_of(text)")
    op.drop_index("ix_intake_source_event_id", table_name="intake")
    op.drop_index("ix_cases_updated_at", table_name="cases", postgresql_using="brin")
    for column in BY_PATH:
        op.drop_index(f"ix_cases_{column}", table_name="cases", postgresql_ops={column: "text_pattern_ops"})
    op.drop_index("ix_cases_card", table_name="cases", postgresql_where=sa.text("card <> ''::text"))
    op.drop_index("ix_cases_channel", table_name="cases")
    op.drop_index("ix_cases_open_due", table_name="cases", postgresql_where=sa.text(OPEN_DUE))
    op.create_index("ix_cases_open_due", "cases", ["due"], unique=False, postgresql_where=sa.text(OPEN_DUE))
    op.drop_index("ix_cases_received_at", table_name="cases")
    op.create_index("ix_cases_received_at", "cases", ["received_at"], unique=False)
