"""Full text in the language of each request.

Revision ID: 0004_languages
Revises: 0003_pages
"""

from __future__ import annotations

from alembic import op

revision = "0004_languages"
down_revision = "0003_pages"
branch_labels = None
depends_on = None

# Immutable as far as anybody uses it: the configurations are PostgreSQL's own. A column of the
# type regconfig would keep pg_upgrade from working.
SEARCH_WORDS = """
CREATE FUNCTION search_words(language text, said text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT
BEGIN ATOMIC
    SELECT to_tsvector(language::regconfig, normalize(said, NFKC));
END
"""
FUNCTIONS = (SEARCH_WORDS,)


def upgrade() -> None:
    """Add the language, English for what is there, and make the full text by it."""
    op.execute(SEARCH_WORDS)
    op.execute("ALTER TABLE requests ADD COLUMN language text NOT NULL DEFAULT 'english'")
    _search("search_words(language, {column})")


def downgrade() -> None:
    """Full text in English alone."""
    _search("to_tsvector('english'::regconfig, normalize({column}, NFKC))")
    op.execute("ALTER TABLE requests DROP COLUMN language")
    op.execute("DROP FUNCTION search_words(text, text)")


def _search(words: str) -> None:
    title, description = (words.format(column=column) for column in ("title", "description"))
    op.execute("ALTER TABLE requests DROP COLUMN search")
    op.execute(
        "ALTER TABLE requests ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS"
        f" (setweight({title}, 'A') || setweight({description}, 'B')) STORED"
    )
    op.execute(
        "CREATE INDEX ix_requests_search ON requests USING gin (search) WITH (fastupdate = off)"
    )
