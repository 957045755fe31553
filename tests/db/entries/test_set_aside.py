"""What holds no pain is kept and marked, told once, and restored by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from include.base.errors import FatalError
from include.entries import set_aside as setting_aside
from include.entries.decide import Way
from include.entries.entry import get_entry
from include.entries.overview import overview_of
from include.entries.slack_capture import open_capture
from include.entries.state import state_of
from include.entries.store import open_batches, store
from include.entries.submission import parse_submission
from include.entries.thread_reply import tell_thread
from include.entries.tokens import tokens_of
from include.relay.home import home_view
from include.store.models import Decision, Entry, Feedback, Message, RunStart, User
from include.store.session import session_scope
from include.workflows import process_customer_entry as steps
from tests.db.entries.conftest import TableJudge, WordsEmbedder, route_entry, submit, tell_of
from tests.people import member

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@pytest.fixture(autouse=True)
def no_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_AIRFLOW_API", raising=False)
    monkeypatch.setattr(setting_aside, "start_runs", lambda ids: {"started": len(list(ids))})


def match(entry_id: int, run_id: str, embedder: WordsEmbedder) -> Way:
    return route_entry(entry_id, embedder, TableJudge(), run_id=run_id)


def test_a_link_alone_is_kept_and_set_aside_without_being_matched(embedder: WordsEmbedder) -> None:
    embedder.down = True
    entry_id = submit("https://crm.example.com/deals/17")
    assert match(entry_id, "r1", embedder) is Way.SET_ASIDE
    tell_of(entry_id)
    tell_of(entry_id)
    result = steps.report(entry_id, run_id="r1")
    assert (result["outcome"], result["noise_reason"]) == ("noise", "only_links")
    steps.report(entry_id, run_id="r1")
    with session_scope() as session:
        entry = get_entry(session, entry_id)
        assert entry.customer_pain == "https://crm.example.com/deals/17"
        [told] = session.scalars(select(Message)).all()
        assert (told.address, told.purpose) == ("U0ANN", "set_aside")
        assert "it holds only a link" in told.body
        assert session.scalar(select(func.count(Decision.id))) == 0


def test_the_submitter_has_it_processed_and_the_old_run_repeats_nothing(
    embedder: WordsEmbedder,
) -> None:
    entry_id = submit("UI")
    tell_of(entry_id)
    with session_scope() as session:
        token = tokens_of(session, [state_of(session, entry_id)])[entry_id].restore
    for user, status in (("U0EVE", "not_allowed"), ("U0ANN", "recorded"), ("U0ANN", "too_late")):
        with session_scope() as session:
            reply = setting_aside.press_restore(session, token=token, actor=member(user))
        assert reply.status == status
    with session_scope() as session:
        start = session.scalars(select(RunStart)).one()
        entry = get_entry(session, entry_id)
        assert (start.run_id, entry.status, entry.outcome) == (entry.run_id, "received", None)
        assert (entry.restored_by, entry.noise_reason) == ("slack:U0ANN", "too_short")
        assert start.conf == {"entry_id": entry_id}
    # A clear of the old run finds that another one carries the entry out.
    assert match(entry_id, "r1", embedder) is Way.REPEAT
    assert match(entry_id, start.run_id, embedder) is Way.CREATE
    with session_scope() as session:
        assert session.scalar(select(func.count(Feedback.id))) == 1
        assert session.scalar(select(func.count(Entry.id))) == 1


def test_an_operator_restores_by_id_once() -> None:
    entry_id = submit("🔥🔥")
    values = {"entry_id": entry_id, "actor": {"email": "Ann@example.com"}}
    run = {"dag_id": "restore_entry", "started_by": "olga"}
    first = setting_aside.restore(values, run_id="m1", **run)
    again = setting_aside.restore(values, run_id="m2", **run)
    assert (first["restored"], again["restored"]) == (True, False)
    with session_scope() as session:
        assert get_entry(session, entry_id).restored_by == "airflow:olga"
    with pytest.raises(FatalError, match="does not exist"):
        setting_aside.restore({"entry_id": 99}, run_id="r", **run)
    other = submit("Charts have no legend", run_id="r2")
    with pytest.raises(FatalError, match="was not set aside"):
        setting_aside.restore({"entry_id": other}, run_id="r", **run)


def test_nobody_takes_an_entry_by_naming_its_run() -> None:
    entry_id = submit("Charts have no legend")
    for run_id in (f"entry__{entry_id}__x", "entry__", "entry__abc", "entry__-1"):
        assert submit("Something else entirely", run_id) > entry_id


def test_many_stored_at_once_are_looked_at_the_same_way(session: Session) -> None:
    pains = ["Charts have no legend", "thanks!", "https://a.example", "Exports time out"]
    pairs = [(f"k{n}", parse_submission({"customer_pain": pain})) for n, pain in enumerate(pains)]
    store(session, pairs, dag_id="import_feedback", run_id="i1")
    stored = session.execute(
        select(Entry.status, Entry.noise_reason).order_by(Entry.idempotency_key)
    ).all()
    assert stored == [
        ("received", None),
        ("done", "only_thanks"),
        ("done", "only_links"),
        ("received", None),
    ]
    [batch] = open_batches(session, dag_id="import_feedback", run_id="i1", size=10)
    assert batch["label"] == "1 to 2 of 2"


def test_app_home_shows_why_with_the_button(session: Session) -> None:
    submit("thanks!")
    ann = session.scalars(select(User.id).where(User.slack_user_id == "U0ANN")).one()
    shown = str(home_view(overview_of(session, member("U0ANN", ann))))
    assert "set it aside, because it reads like a greeting or a thank-you" in shown
    assert "restore_entry" in shown


def test_the_thread_it_came_from_is_told(session: Session) -> None:
    conf = {"channel": "C1", "message_ts": "1.2", "user": "U0ANN", "is_internal": True}
    open_capture(session, conf, dag_id="d", run_id="r")
    session.commit()
    entry_id = submit("https://a.example", source="slack", external_id="message:C1:1.2")
    message_id = tell_thread(session, get_entry(session, entry_id))
    assert "set it aside" in session.get_one(Message, message_id).body
