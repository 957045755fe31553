"""The rehearsal before the fork: it teaches the engine, leaves nothing, and may fail."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.base.settings import Settings
from include.entries import decide as matching
from include.entries import settle as outcomes
from include.entries.store import store_entry
from include.entries.submission import parse_submission
from include.store.models import Base
from include.store.session import engine_for, session_scope
from include.workflows import preload
from include.workflows.rehearsal import OneDirection, SureOf, rehearse

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import URL
    from sqlalchemy.orm import Session


def rows(session: Session) -> dict[str, int]:
    """How many rows every table holds."""
    session.rollback()
    tables = Base.metadata.sorted_tables
    return {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def test_nothing_of_it_stays_and_no_connection_is_left(feedback_db: URL, session: Session) -> None:
    engine = engine_for(feedback_db)
    before = rows(session)
    session.close()
    engine.dispose()

    rehearse(engine)

    assert engine.pool.checkedin() == 0  # type: ignore[attr-defined]
    assert rows(session) == before


def test_the_steps_afterwards_compile_nothing(feedback_db: URL) -> None:
    engine = engine_for(feedback_db)
    rehearse(engine)
    learnt = set(engine._compiled_cache or ())

    values = {"customer_pain": "No export", "submitter": {"email": "ann@example.com"}}
    with session_scope() as session:
        entry_id = store_entry(session, parse_submission(values), "d", "r").entry_id
    judge = SureOf(0.0)
    matching.match_entry(
        session_scope, entry_id, embedder=OneDirection(), judge=judge, allow_degraded=False
    )
    with session_scope() as session:
        outcomes.finish_opened(session, entry_id, settings=Settings())

    assert learnt
    assert not set(engine._compiled_cache or ()) - learnt


def test_what_cannot_be_warmed_is_said_and_costs_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", "postgresql://u:secret@127.0.0.1:9/none")
    for warm in ("import_modules", "warm_airflow", "warm_openai"):
        monkeypatch.setattr(preload, warm, lambda: None)

    with caplog.at_level(logging.WARNING):
        preload.preload()

    assert "rehearse_main_job failed (OperationalError)" in caplog.text
    assert "secret" not in caplog.text


def test_a_task_that_inherits_it_does_not_do_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[bool] = []
    monkeypatch.setattr(preload, "_done", [])
    monkeypatch.setattr(preload, "preload", lambda: done.append(True))
    for _ in range(2):
        preload.on_starting(object())
    assert done == [True]
