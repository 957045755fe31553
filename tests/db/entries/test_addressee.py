"""Whom a question goes to: submitter, area's owner, who answers the area, channel; who is there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text, update

from include.durable.api import create_hook
from include.entries import questions
from include.entries.addressee import LEAST, best_hour, chain_of, look_up
from include.entries.waiting_questions import queue_waiting_cards
from include.people.presence import Lookups
from include.slack.presence import Presence
from include.store.models import Area, Hook, Message, User
from include.store.session import session_scope
from sandbox.slack.running import running_sandbox
from tests.db.entries.conftest import (
    DAG,
    TableJudge,
    WordsEmbedder,
    make_area,
    make_request,
    press,
    route_entry,
    submit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sandbox.slack.client import SlackSandbox

JUDGE = TableJudge(**{"export-tables": 0.85})
NOBODY = {"email": "eve@example.com"}


@pytest.fixture
def area() -> int:
    return make_area("reporting")


@pytest.fixture
def request_id(embedder: WordsEmbedder, area: int) -> int:
    return make_request(embedder, "Export tables", areas=[area])


@pytest.fixture
def slack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackSandbox]:
    """The sandbox's Slack, to which the product is connected."""
    with running_sandbox(tmp_path, "http://127.0.0.1:9/") as sandbox:
        connection = {
            "conn_type": "slack",
            "password": "xoxb-sandbox",
            "extra": {"signing_secret": "s", "base_url": sandbox.api_url},
        }
        monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", json.dumps(connection))
        yield sandbox


def own(area_id: int, slack_user_id: str) -> None:
    with session_scope() as session:
        owner = User(slack_user_id=slack_user_id)
        session.add(owner)
        session.flush()
        session.execute(update(Area).where(Area.id == area_id).values(owner_id=owner.id))


def answered(request_id: int, by: str, count: int, at: datetime | None = None) -> None:
    """Questions about a request that somebody answered."""
    for _ in range(count):
        with session_scope() as session:
            number = len(session.scalars(select(Hook.id)).all())
            hook = create_hook(
                session,
                dag_id=DAG,
                run_id=f"before{number}",
                name="answer",
                kind="approval",
                handler="question",
                question={"entries": [], "request_id": request_id},
            )
            closed = {"id": hook.id, "by": by, "at": at or datetime.now(UTC)}
            session.execute(
                text(
                    "UPDATE hooks SET status = 'answered', answer = '{}', answered_by = :by,"
                    " closed_at = :at WHERE id = :id"
                ),
                closed,
            )


def chain(request_id: int, submitter: str | None = None) -> list[str]:
    with session_scope() as session:
        return chain_of(session, request_id, submitter)


def asked(
    embedder: WordsEmbedder,
    presence: Mapping[str, Presence] | None = None,
    run_id: str = "r1",
    **values: Any,
) -> tuple[Hook, Message]:
    """The question about an entry, and its card."""
    entry_id = submit("We need to export tables", run_id, **values)
    assert route_entry(entry_id, embedder, JUDGE, run_id=run_id) == "ask"
    with session_scope() as session:
        [group] = questions.plan_groups(session, dag_id=DAG, run_id=run_id)
        message_id = questions.ask(session, group, dag_id=DAG, run_id=run_id, presence=presence)
    with session_scope() as session:
        hook = session.scalars(select(Hook).where(Hook.run_id == run_id)).one()
        return hook, session.get_one(Message, message_id)


def test_the_submitter_goes_first_then_the_owner_then_nobody_else(
    area: int, request_id: int
) -> None:
    answered(request_id, "slack:U0DEV", LEAST)
    assert chain(request_id, "U0ANN") == ["U0ANN", "U0DEV"]
    own(area, "U0BEN")
    assert chain(request_id, "U0ANN") == ["U0ANN", "U0BEN"]
    assert chain(request_id, "U0BEN") == ["U0BEN"]
    assert chain(request_id) == ["U0BEN"]


def test_who_answered_most_about_the_area_is_asked_where_it_has_no_owner(
    embedder: WordsEmbedder, area: int, request_id: int
) -> None:
    elsewhere = make_request(embedder, "Dark theme", areas=[make_area("looks")])
    sibling = make_request(embedder, "Faster reports", areas=[area])
    with session_scope() as session:
        session.add(User(slack_user_id="U0CARLA", email="carla@example.com"))
    answered(elsewhere, "slack:U0EVE", 9)
    answered(sibling, "slack:U0DEV", LEAST)
    answered(request_id, "user:carla@example.com", LEAST + 1)
    answered(request_id, "slack:U0BEN", LEAST - 1)
    answered(request_id, "airflow:admin", 20)
    assert chain(request_id) == ["U0CARLA", "U0DEV"]
    hook, card = asked(embedder, submitter=NOBODY)
    assert (hook.responders, card.address) == (["slack:U0CARLA"], "U0CARLA")


def test_old_answers_say_nothing_and_the_setting_switches_it_off(
    request_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(request_id, "slack:U0DEV", LEAST)
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"learn_who_answers": false}')
    assert chain(request_id) == []
    with session_scope() as session:
        assert best_hour(session, "U0DEV", timedelta(0)) is None
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
    assert chain(request_id) == ["U0DEV"]
    with session_scope() as session:
        session.execute(update(Hook).values(created_at=Hook.created_at - timedelta(days=91)))
    assert chain(request_id) == []


def test_the_deputy_of_somebody_away_is_asked_and_both_may_answer(
    embedder: WordsEmbedder, area: int, request_id: int
) -> None:
    own(area, "U0BEN")
    hook, card = asked(embedder, {"U0ANN": Presence.AWAY, "U0BEN": Presence.HERE})
    assert (hook.responders, card.address) == (["slack:U0BEN", "slack:U0ANN"], "U0BEN")
    token = card.blocks[-1]["elements"][0]["value"]
    assert press(token, "attach", "U0EVE").status == "not_allowed"
    assert press(token, "attach", "U0ANN").status == "recorded"


def test_where_all_are_away_the_first_is_asked_and_where_all_are_gone_the_channel(
    embedder: WordsEmbedder, area: int, request_id: int
) -> None:
    own(area, "U0BEN")
    away = dict.fromkeys(("U0ANN", "U0BEN"), Presence.AWAY)
    gone = dict.fromkeys(("U0ANN", "U0BEN"), Presence.GONE)
    hook, card = asked(embedder, away)
    assert (hook.responders, card.address) == (["slack:U0ANN"], "U0ANN")
    hook, card = asked(embedder, gone, "r2")
    assert (hook.responders, card.address) == ([], "#feedback-review")


def test_slack_is_asked_only_where_somebody_else_could_be_asked(
    embedder: WordsEmbedder, area: int, request_id: int
) -> None:
    looked_up: list[str] = []

    def presence(person: str) -> Presence:
        looked_up.append(person)
        return Presence.AWAY if person == "U0ANN" else Presence.HERE

    def known() -> dict[str, Presence]:
        pairs = [(request_id, "U0ANN")]
        return look_up(session_scope, lambda _: pairs, presence)

    assert known() == {}
    assert looked_up == []
    own(area, "U0BEN")
    assert known() == {"U0ANN": Presence.AWAY, "U0BEN": Presence.HERE}


def test_slack_says_who_is_away_and_who_is_gone(slack: SlackSandbox) -> None:
    slack.act("do_not_disturb", "U0ANN", minutes=30)
    slack.act("deactivate", "U0BEN")
    lookups = Lookups()
    found = [lookups.presence(one) for one in ("U0ANN", "U0BEN", "U0GIL", "U0DEV", "U0NOONE")]
    assert found == ["away", "gone", "gone", "here", "gone"]
    slack.act("do_not_disturb", "U0ANN", minutes=0)
    assert lookups.presence("U0ANN") == "away"
    assert Lookups().presence("U0ANN") == "here"
    assert Lookups().offset("U0ANN") == timedelta(hours=-5)


def test_a_slack_that_does_not_answer_holds_no_question_back(slack: SlackSandbox) -> None:
    slack.act("do_not_disturb", "U0ANN", minutes=30)
    slack.faults("dnd.info", error="missing_scope")
    assert Lookups().presence("U0ANN") == "here"
    slack.clear_faults()
    slack.faults("users.info", status=503)
    lookups = Lookups()
    assert [lookups.presence(one) for one in ("U0ANN", "U0BEN")] == ["here", "here"]
    assert lookups.offset("U0ANN") is None


def test_the_hour_at_which_somebody_answers_most_is_one_of_their_own_clock(
    request_id: int,
) -> None:
    for hour, count in ((14, LEAST), (10, 2)):
        answered(request_id, "slack:U0ANN", count, datetime(2026, 3, 2, hour, 30, tzinfo=UTC))
    answered(request_id, "slack:U0BEN", LEAST - 1)
    with session_scope() as session:
        assert best_hour(session, "U0ANN", timedelta(0)) == 14
        assert best_hour(session, "U0ANN", timedelta(hours=-5)) == 9
        assert best_hour(session, "U0BEN", timedelta(0)) is None


def test_the_daily_card_waits_for_that_hour(
    embedder: WordsEmbedder, request_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"questions_per_person_per_day": 1}')
    now = datetime.now(UTC)
    answered(request_id, "slack:U0ANN", LEAST, now + timedelta(hours=2))
    with session_scope() as session:
        # Asked on another day, so that today's place is free.
        session.execute(update(Hook).values(created_at=Hook.created_at - timedelta(days=2)))
    for run_id in ("r1", "r2"):
        entry_id = submit("We need to export tables", run_id)
        route_entry(entry_id, embedder, JUDGE, run_id=run_id)
        with session_scope() as session:
            for group in questions.plan_groups(session, dag_id=DAG, run_id=run_id):
                questions.ask(session, group, dag_id=DAG, run_id=run_id)

    def noon(_: str) -> timedelta:
        return timedelta(hours=12 - now.hour)

    assert queue_waiting_cards(session_scope, noon) == []
    with session_scope() as session:
        answers = Hook.status == "answered"
        earlier = Hook.closed_at - timedelta(hours=4)
        session.execute(update(Hook).where(answers).values(closed_at=earlier))
    assert len(queue_waiting_cards(session_scope, noon)) == 1
