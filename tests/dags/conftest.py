"""DAG tests use the same real PostgreSQL as the database tests."""

from __future__ import annotations

from tests.db.conftest import feedback_db, session, template

__all__ = ["feedback_db", "session", "template"]
