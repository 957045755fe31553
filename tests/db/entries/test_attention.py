"""So many questions a person and day; what is over waits in the inbox and in one daily card."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text, update

from include.durable.keys import sign
from include.entries import questions
from include.entries import settle as outcomes
from include.entries import waiting_questions as waiting
from include.entries.entry import get_entry
from include.operations.forgetting import forget_entries
from include.store.models import Account, Hook, HookKey, Message
from include.store.session import session_scope
from include.web.inbox.queries import read_inbox
from tests.db.entries.conftest import (
    DAG,
    TableJudge,
    WordsEmbedder,
    ask,
    make_request,
    press,
    route_entry,
    submit,
)
from tests.people import member

if TYPE_CHECKING:
    from include.durable.types import HookView

JUDGE = TableJudge(**{"export-tables": 0.85})
ANN = ["slack:U0ANN"]


@pytest.fixture(autouse=True)
def one_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, 1)


def limit(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    values = {"questions_per_person_per_day": most, "web_base_url": "https://pages.example.com"}
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps(values))


@pytest.fixture
def asked(embedder: WordsEmbedder) -> list[str]:
    """Three questions to Ann; the tokens of their buttons."""
    make_request(embedder, "Export tables")
    return [asked_about(embedder, f"run{number}") for number in range(3)]


def asked_about(embedder: WordsEmbedder, run_id: str, **values: Any) -> str:
    entry_id = submit(f"We need to export tables, says {run_id}", run_id, **values)
    assert route_entry(entry_id, embedder, JUDGE, run_id=run_id) == "ask"
    return ask(entry_id, run_id)


def hook_of(run_id: str) -> Hook:
    with session_scope() as session:
        return session.scalars(select(Hook).where(Hook.run_id == run_id, Hook.is_current)).one()


def messages(purpose: str, kind: str = "post") -> list[Message]:
    with session_scope() as session:
        statement = select(Message).where(Message.purpose == purpose, Message.kind == kind)
        return list(session.scalars(statement.order_by(Message.id)))


def at(hour: int) -> waiting.OffsetOf:
    """Somebody on whose clock it is this hour now."""
    return lambda _: timedelta(hours=hour - datetime.now(UTC).hour)


def daily_cards(hour: int = 12) -> list[int]:
    return waiting.queue_waiting_cards(session_scope, at(hour))


def days_ago(days: int) -> None:
    """Let everything that was asked and sent be so old."""
    back = timedelta(days=days)
    with session_scope() as session:
        session.execute(update(Hook).values(created_at=Hook.created_at - back))
        session.execute(update(Message).values(created_at=Message.created_at - back))


def apply(run_id: str, embedder: WordsEmbedder) -> int:
    [request_id] = outcomes.apply_answer(
        session_scope, dag_id=DAG, run_id=run_id, embedder=embedder, judge=JUDGE
    )
    return request_id


def test_one_question_more_than_the_limit_waits_in_the_inbox_without_a_card(
    asked: list[str],
) -> None:
    assert [message.hook_id for message in messages("question")] == [hook_of("run0").id]
    with session_scope() as session:
        inbox = read_inbox(session, whose="mine", area="", labels=ANN, after="")
    assert [one.token for one in inbox.questions] == asked
    assert hook_of("run2").expires_at is not None


def test_asking_again_after_a_retry_changes_nothing_even_if_there_is_room_now(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, 20)
    with session_scope() as session:
        for group in questions.plan_groups(session, dag_id=DAG, run_id="run2"):
            questions.ask(session, group, dag_id=DAG, run_id="run2")
    assert len(messages("question")) == 1


def test_every_person_and_the_channel_have_a_limit_of_their_own(
    asked: list[str], embedder: WordsEmbedder
) -> None:
    asked_about(embedder, "ben", submitter={"slack_user_id": "U0BEN"})
    for run_id in ("nobody", "nobody either"):
        asked_about(embedder, run_id, submitter={"email": "eve@example.com"})
    cards = [message.address for message in messages("question")]
    assert cards == ["U0ANN", "U0BEN", "#feedback-review"]


def test_the_last_place_of_a_day_is_given_once(embedder: WordsEmbedder) -> None:
    make_request(embedder, "Export tables")
    runs = [f"run{number}" for number in range(6)]
    for run_id in runs:
        entry_id = submit(f"We need to export tables, says {run_id}", run_id)
        route_entry(entry_id, embedder, JUDGE, run_id=run_id)

    def ask_of(run_id: str) -> None:
        with session_scope() as session:
            for group in questions.plan_groups(session, dag_id=DAG, run_id=run_id):
                questions.ask(session, group, dag_id=DAG, run_id=run_id)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ask_of, runs))
    assert len(messages("question")) == 1


def test_the_next_day_has_room_again_and_zero_is_no_limit(
    asked: list[str], embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    days_ago(1)
    asked_about(embedder, "tomorrow")
    asked_about(embedder, "tomorrow, later")
    assert len(messages("question")) == 2
    limit(monkeypatch, 0)
    asked_about(embedder, "without a limit")
    assert len(messages("question")) == 3


def test_one_daily_card_tells_of_them_however_often_its_step_runs(asked: list[str]) -> None:
    assert len(daily_cards()) == 1
    assert daily_cards() == []
    [card] = messages("waiting")
    assert card.address == "U0ANN"
    assert card.body == "2 more questions wait in the inbox"
    shown = str(card.blocks)
    assert "https://pages.example.com/inbox" in shown
    assert [token in shown for token in asked] == [False, True, True]


def test_it_waits_for_the_hour_and_comes_again_the_next_day(asked: list[str]) -> None:
    assert daily_cards(hour=8) == []
    assert len(daily_cards(hour=9)) == 1
    days_ago(1)
    with session_scope() as session:
        # The day in its key is the one on which it was sent.
        session.execute(
            text("UPDATE messages SET key = :key WHERE purpose = 'waiting'"), yesterday()
        )
    first, changed = daily_cards()
    assert first != changed
    [old] = messages("waiting", "update")
    assert "a newer list" in str(old.blocks)
    assert len(messages("waiting")) == 2


def yesterday() -> dict[str, str]:
    return {"key": f"waiting:U0ANN:{(datetime.now(UTC) - timedelta(days=1)).date().isoformat()}"}


def test_todays_card_says_what_has_come_and_what_was_answered_since(
    asked: list[str], embedder: WordsEmbedder
) -> None:
    daily_cards()
    fourth = asked_about(embedder, "run3")
    [more] = messages("waiting", "update")
    assert more.body == "3 more questions wait in the inbox"
    for token in (asked[1], asked[2], fourth):
        assert press(token, "attach").status == "recorded"
    assert messages("waiting", "update")[-1].body == "Nothing waits in the inbox any more"
    days_ago(1)
    assert daily_cards() == []


def test_an_answer_from_the_inbox_settles_an_unposted_question_as_any_other(
    asked: list[str], embedder: WordsEmbedder
) -> None:
    with session_scope() as session:
        reply = questions.answer_question(
            session, token=asked[2], choice="attach", actor=member("U0ANN"), via="web"
        )
    assert reply.status == "recorded"
    hook = hook_of("run2")
    assert (hook.status, hook.answered_via) == ("answered", "web")
    request_id = apply("run2", embedder)
    assert request_id == hook.question["request_id"]
    with session_scope() as session:
        assert get_entry(session, hook.question["entries"][0][0]).outcome == "attached"
    assert press(asked[2], "create").status == "too_late"


def test_without_an_answer_it_ends_as_any_other_and_has_no_reminder_of_its_own(
    asked: list[str], embedder: WordsEmbedder
) -> None:
    posted, unposted = hook_of("run0"), hook_of("run2")
    for hook in (posted, unposted):
        questions.on_hook_event(view(hook), "remind")
    assert [message.hook_id for message in messages("reminder")] == [posted.id]
    daily_cards()
    with session_scope() as session:
        closed = {"id": unposted.id}
        session.execute(
            text("UPDATE hooks SET status = 'expired', closed_at = now() WHERE id = :id"), closed
        )
    questions.on_hook_event(view(unposted), "expired")
    assert messages("waiting", "update")[-1].body == "1 more question waits in the inbox"
    apply("run2", embedder)
    with session_scope() as session:
        assert get_entry(session, unposted.question["entries"][0][0]).outcome == "created"


def view(hook: Hook) -> HookView:
    from include.durable.api import get_hook

    with session_scope() as session:
        found = get_hook(session, hook.id)
    assert found is not None
    return found


def test_one_press_answers_all_that_the_card_shows(asked: list[str]) -> None:
    daily_cards()
    [card] = messages("waiting")
    token = card.blocks[-1]["elements"][0]["value"]
    assert press(asked[1], "create").status == "recorded"

    def press_all(user: str, token: str = token) -> Any:
        with session_scope() as session:
            return waiting.answer_shown(session, token=token, actor=member(user))

    assert press_all("U0EVE").status == "not_allowed"
    with session_scope() as session:
        key = session.scalars(select(HookKey.secret)).one()
    for forged in ("", "x", f"{token}x", sign("hook", str(hook_of("run2").id), key)):
        assert press_all("U0ANN", forged).status == "unknown"
    assert hook_of("run2").status == "pending"

    reply = press_all("U0ANN")
    assert (reply.status, str(reply.note)) == (
        "recorded",
        "Answers recorded: 1 of 2. The rest was closed.",
    )
    assert (hook_of("run1").answer, hook_of("run2").answer) == (
        {"choice": "create"},
        {"choice": "attach"},
    )
    assert hook_of("run0").status == "pending"
    assert press_all("U0ANN").status == "too_late"


def test_what_is_erased_leaves_the_daily_card_and_the_others_stay(
    asked: list[str], embedder: WordsEmbedder
) -> None:
    entry_id = submit("CSV, please!", "short", customer_pain="CSV, please!")
    assert route_entry(entry_id, embedder, TableJudge(**{"export-tables": 0.85})) == "ask"
    token = ask(entry_id, "short")
    daily_cards()
    assert "CSV, please!" in str(messages("waiting")[0].blocks)
    done: Counter[str] = Counter()
    with session_scope() as session:
        message_ids = forget_entries(session, [entry_id], done)
    everything = [*messages("waiting"), *messages("waiting", "update")]
    assert [one.id for one in everything if "CSV, please!" in str(one.blocks)] == []
    newest = everything[-1]
    assert newest.id in message_ids
    assert newest.body == "2 more questions wait in the inbox"
    assert [one in str(newest.blocks) for one in (asked[1], asked[2], token)] == [True, True, False]


def test_the_gravest_and_then_the_largest_customer_go_first(
    embedder: WordsEmbedder,
) -> None:
    with session_scope() as session:
        session.add_all(
            Account(id=name, name=name, arr=arr) for name, arr in (("small", 10), ("large", 900))
        )
    titles = ("Export tables", "Dark theme", "Faster search", "Audit log")
    said = (
        ("low", "large"),
        ("medium", "small"),
        ("medium", "large"),
        ("high", "small"),
    )
    for title, (severity, account) in zip(titles, said, strict=True):
        make_request(embedder, title)
        entry_id = submit(
            f"We need this: {title}",
            source="import",
            external_id=title,
            severity=severity,
            account_id=account,
        )
        judge = TableJudge(**{title.lower().replace(" ", "-"): 0.85})
        assert route_entry(entry_id, embedder, judge, run_id="r1") == "ask"
    with session_scope() as session:
        groups = questions.plan_groups(session, dag_id=DAG, run_id="r1")
        for place, group in enumerate(groups):
            questions.ask(session, group, dag_id=DAG, run_id="r1", map_index=place)
    labels = [group["label"] for group in groups]
    assert labels == ["audit-log (1)", "faster-search (1)", "dark-theme (1)", "export-tables (1)"]
    [posted] = messages("question")
    assert "Audit log" in str(posted.blocks)
    daily_cards()
    body = str(messages("waiting")[0].blocks)
    places = [body.index(title) for title in ("Faster search", "Dark theme", "Export tables")]
    assert places == sorted(places)
    with session_scope() as session:
        again = questions.plan_groups(session, dag_id=DAG, run_id="r1")
    assert [group["label"] for group in again] == labels
