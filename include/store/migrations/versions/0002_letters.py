"""The letters of a request's title, for a search by initials, beginnings and misspelt words.

Revision ID: 0002_letters
Revises: 0001_initial
"""

from __future__ import annotations

from alembic import op

revision = "0002_letters"
down_revision = "0001_initial"
branch_labels = None
depends_on = None

# Bodies are parsed here and now (BEGIN ATOMIC), so that a restore finds what they call.
# Three letters in a row, the word's beginning and end as blanks.
_LETTERS_IN = """
CREATE FUNCTION letters_in(word text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT
BEGIN ATOMIC
    SELECT array_agg(substr('  ' || word || ' ', place, 3) ORDER BY place)
    FROM generate_series(1, length(word) + 1) AS place;
END
"""
# `batchSize`, `batch_size` and `batch-size` are two words. Initials of two to six words in a row
# are kept with small words and without them ("single sign-on", "terms of service"); `i18n` stands
# for a long word.
_LETTERS_OF = r"""
CREATE FUNCTION letters_of(said text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT
BEGIN ATOMIC
    WITH words AS (
        SELECT found[1] AS word, place
        FROM regexp_matches(
            lower(
                regexp_replace(normalize(said, NFKC), '([[:lower:]])([[:upper:]])', '\1 \2', 'g')
            ),
            '[^[:space:][:punct:]]+', 'g'
        ) WITH ORDINALITY AS matches(found, place)
    ), initials AS (
        SELECT string_agg(left(word, 1), '' ORDER BY place) AS row FROM words
        UNION
        SELECT string_agg(left(word, 1), '' ORDER BY place) FROM words
        WHERE word NOT IN ('a', 'an', 'and', 'as', 'at', 'by', 'for', 'from', 'in', 'into', 'of',
                           'on', 'or', 'the', 'to', 'with')
    )
    SELECT coalesce(array_agg(DISTINCT piece), '{}') FROM (
        SELECT unnest(letters_in(left(word, 40))) AS piece FROM words
        UNION ALL
        SELECT '=' || substr(row, start, count)
        FROM initials, generate_series(1, length(row) - 1) AS start, generate_series(2, 6) AS count
        WHERE start + count - 1 <= length(row)
        UNION ALL
        SELECT '=' || left(word, 1) || length(word) - 2 || right(word, 1) FROM words
        WHERE length(word) BETWEEN 8 AND 40
    ) pieces;
END
"""
FUNCTIONS = (_LETTERS_IN, _LETTERS_OF)


def upgrade() -> None:
    """Add the column with its index; the table is written anew."""
    for statement in FUNCTIONS:
        op.execute(statement)
    op.execute(
        "ALTER TABLE requests ADD COLUMN letters text[] NOT NULL"
        " GENERATED ALWAYS AS (letters_of(title)) STORED"
    )
    op.execute(
        "CREATE INDEX ix_requests_letters ON requests USING gin (letters) WITH (fastupdate = off)"
    )


def downgrade() -> None:
    """Drop the column and what makes it."""
    op.execute("ALTER TABLE requests DROP COLUMN letters")
    op.execute("DROP FUNCTION letters_of(text)")
    op.execute("DROP FUNCTION letters_in(text)")
