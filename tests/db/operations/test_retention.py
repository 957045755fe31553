"""Retention: what is old is counted first, then forgotten; what customers said stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text

from include.operations import privacy as steps
from include.operations import retention
from include.operations.retention import forget_old
from include.people.actor import NotAllowed
from include.store.models import AuditRow, Entry, Message, RunStart, SlackEvent, SlackPerson
from include.store.session import session_scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

RUN = {"dag_id": "apply_retention", "run_id": "r"}


@pytest.fixture
def old(feedback_db: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of all ages; the settings keep five days of each kind."""
    monkeypatch.setenv(
        "AIRFLOW_VAR_GTM_FEEDBACK",
        '{"operators": ["olga"], "retention": {"slack_calls": 5, "messages": 5, "people": 5}}',
    )
    with session_scope() as session:
        for days in (1, 9, 9):
            at = func.now() - func.make_interval(0, 0, 0, days)
            n = session.scalar(select(func.count(SlackEvent.id)))
            session.add_all(
                [
                    SlackEvent(key=f"e{n}", kind="k", payload={}, state="done", received_at=at),
                    SlackPerson(slack_user_id=f"U0{n}", kind="person", checked_at=at),
                    Message(
                        key=f"m{n}",
                        purpose="p",
                        address="C1",
                        body="words",
                        blocks=[{"a": 1}],
                        state="sent",
                        sent_at=at,
                        created_at=at,
                    ),
                ]
            )
            session.flush()
        old = func.now() - func.make_interval(0, 0, 0, 900)
        session.add_all(
            [
                SlackEvent(key="open", kind="k", payload={}, state="received", received_at=old),
                RunStart(dag_id="d", run_id="r", conf={}, created_at=old),
                Message(key="open", purpose="p", address="C1", body="words", created_at=old),
                Entry(
                    idempotency_key="k",
                    source="api",
                    customer_pain="Exports time out",
                    severity="low",
                    dag_id="d",
                    run_id="r",
                    created_at=old,
                ),
            ]
        )


def test_what_is_old_is_counted_and_then_forgotten_once(
    old: None, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    counted = forget_old(session_scope, dry_run=True)
    assert {kind: n for kind, n in counted.items() if n} == {
        "slack_calls": 2,
        "messages": 2,
        "people": 2,
    }
    assert forget_old(session_scope, dry_run=True) == counted
    assert forget_old(session_scope, dry_run=False) == counted
    assert sum(forget_old(session_scope, dry_run=False).values()) == 0
    assert set(session.scalars(select(SlackEvent.key))) == {"e0", "open"}
    bodies = dict(session.execute(select(Message.key, Message.body)).all())  # type: ignore[arg-type]
    assert bodies == {"m0": "words", "m1": "", "m2": "", "open": "words"}
    assert session.scalars(select(Entry.customer_pain)).all() == ["Exports time out"]
    assert session.scalar(select(func.count(RunStart.id))) == 1


@pytest.mark.parametrize(
    ("started_by", "applies", "dry_run", "applied"),
    [
        (None, False, False, False),
        (None, True, True, True),
        ("olga", False, True, False),
        ("olga", False, False, True),
    ],
)
def test_a_scheduled_run_only_counts_until_it_is_switched_on(
    old: None,
    monkeypatch: pytest.MonkeyPatch,
    started_by: str | None,
    applies: bool,
    dry_run: bool,
    applied: bool,
) -> None:
    value: dict[str, Any] = {"operators": ["olga"], "apply_retention": applies}
    import json

    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps(value))
    result = steps.apply_retention(**RUN, started_by=started_by, dry_run=dry_run)
    assert result["applied"] is applied


def test_who_is_not_listed_forgets_and_erases_nothing(old: None, session: Session) -> None:
    with pytest.raises(NotAllowed, match="setting 'operators'"):
        steps.apply_retention(**RUN, started_by="eve", dry_run=False)
    for started_by in ("eve", None):
        with pytest.raises(NotAllowed, match="may not erase"):
            steps.erase_for_run(
                "U00", dag_id="erase_person", run_id="r", started_by=started_by, dry_run=False
            )
    assert session.scalar(text("SELECT count(*) FROM slack_people")) == 3
    assert session.scalar(select(func.count(AuditRow.id))) == 0


def test_a_listed_operator_erases_by_the_form(old: None, session: Session) -> None:
    result = steps.erase_for_run(
        "U00", dag_id="erase_person", run_id="r", started_by="olga", dry_run=False
    )
    assert result["applied"] is True
    written = session.scalars(select(AuditRow)).one()
    assert (written.actor, written.facts["run"]) == ("airflow:olga", "erase_person/r")
