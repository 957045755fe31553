"""Whoever asks to ship a request hears what came of it, once, also when it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.base.errors import FatalError
from include.store.models import (
    Message,
    Request,
    RequestFollower,
    RequestMerge,
    SlackEvent,
    User,
)
from include.store.session import session_scope
from include.workflows import mark_shipped

if TYPE_CHECKING:
    from sqlalchemy import URL

RUN = {"dag_id": "mark_shipped", "run_id": "r1", "started_by": "relay"}
ASKED = {"request": "csv-export", "actor": None}


@pytest.fixture(autouse=True)
def request_with_followers(feedback_db: URL, monkeypatch: pytest.MonkeyPatch) -> int:
    """A request that two people in Slack and one without follow; Slack is away."""
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
    with session_scope() as session:
        request = Request(slug="csv-export", title="Export tables as CSV")
        users = [
            User(slack_user_id="U0ANN", name="Ann"),
            User(slack_user_id="U0BEN", name="Ben"),
            User(email="eve@example.com"),
        ]
        session.add_all([request, *users])
        session.flush()
        session.add_all(RequestFollower(request_id=request.id, user_id=user.id) for user in users)
        return request.id


def told() -> list[str]:
    with session_scope() as session:
        found = select(Message).where(Message.purpose == "ship_outcome").order_by(Message.id)
        return [f"{one.address}: {one.body}" for one in session.scalars(found)]


def press(user: str, run_id: str) -> None:
    """The stored press that a run of ``mark_shipped`` follows."""
    with session_scope() as session:
        session.add(
            SlackEvent(
                key=run_id,
                kind="action:ship_request",
                user_id=user,
                payload={},
                dag_id="mark_shipped",
                run_id=run_id,
                run_conf={"request": "csv-export"},
            )
        )


def ship(values: dict[str, Any], run_id: str = "r1") -> None:
    run = {**RUN, "run_id": run_id}
    mark_shipped.change_status(values, **run)
    for _ in range(2):
        mark_shipped.report(values, **run)


def test_the_one_who_asked_hears_how_many_were_told() -> None:
    press("U0ANN", "r1")
    ship(ASKED)
    [said] = told()
    assert said.startswith("U0ANN: *Export tables as CSV* is marked as shipped. 0 people told.")
    assert "2 people will be told when Slack takes the messages." in said
    assert "1 person without Slack could not be told." in said


def test_shipping_again_says_that_it_had_shipped() -> None:
    press("U0ANN", "r1")
    ship(ASKED)
    press("U0BEN", "r2")
    ship(ASKED, "r2")
    assert told()[1].startswith("U0BEN: *Export tables as CSV*: It already shipped on ")
    assert told()[1].endswith("by <@U0ANN>; 0 people told then. Nobody was told again.")


def test_a_failed_run_says_why(request_with_followers: int) -> None:
    with session_scope() as session:
        other = Request(slug="everything", title="Export everything")
        session.add(other)
        session.flush()
        session.add(
            RequestMerge(request_id=request_with_followers, into_id=other.id, merged_by="user:a")
        )
    press("U0ANN", "r1")
    with pytest.raises(FatalError) as failed:
        mark_shipped.change_status(ASKED, **RUN)
    mark_shipped.note_failure(ASKED, **RUN, error=failed.value)
    [said] = told()
    assert "I could not mark the request as shipped, and told nobody." in said
    assert "is merged into 'everything'" in said


def test_the_one_who_reopened_hears_how_many_were_told() -> None:
    run = {**RUN, "dag_id": "reopen_request"}
    ship(ASKED)
    with session_scope() as session:
        session.add(
            SlackEvent(
                key="again",
                kind="action:reopen_request",
                user_id="U0BEN",
                payload={},
                dag_id="reopen_request",
                run_id=run["run_id"],
                run_conf={"request": "csv-export"},
            )
        )
    mark_shipped.change_status(ASKED, **run)
    for _ in range(2):
        mark_shipped.report(ASKED, **run)
    with session_scope() as session:
        found = session.scalars(
            select(Message).where(Message.key == f"reopen_request_outcome:{run['run_id']}")
        ).one()
        assert found.address == "U0BEN"
        assert found.body == "*Export tables as CSV* is open again. 0 people told."


@pytest.mark.parametrize("status", ["open", "planned", "deprioritized"])
def test_what_is_not_shipped_keeps_its_status(request_with_followers: int, status: str) -> None:
    with session_scope() as session:
        session.get_one(Request, request_with_followers).status = status
    run = {**RUN, "dag_id": "reopen_request"}
    assert mark_shipped.change_status(ASKED, **run) == []
    assert mark_shipped.report(ASKED, **run)["already_open"]
    with session_scope() as session:
        assert session.get_one(Request, request_with_followers).status == status


def test_nobody_in_slack_is_told_nothing() -> None:
    ship(ASKED)
    assert told() == []


def test_whom_a_run_merely_names_is_told_nothing() -> None:
    ship({"request": "csv-export", "actor": {"slack_user_id": "U0BEN"}})
    assert told() == []
