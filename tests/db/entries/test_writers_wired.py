"""Where the agents are wired in: with a scripted model, and unchanged without one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text

from include.clients.language_model import find_agent
from include.entries import slack_capture as capture
from include.entries import take_apart as pains
from include.entries.decide import Way
from include.entries.entry import get_entry
from include.insights.digest_store import digest_of
from include.people import identity
from include.people.submitters import _same_person
from include.requests import announcing, sweep_related
from include.requests.related import neighbours
from include.slack.cards.digest import digest_card
from include.slack.profile import SlackProfile
from include.store.models import (
    Area,
    AreaReport,
    Entry,
    Message,
    ModelCall,
    PersonKind,
    Request,
    RequestLink,
    User,
    UserAlias,
)
from include.store.session import session_scope
from include.workflows import area_insights as area_reports
from include.workflows import ask_analytics as analytics
from include.workflows import find_all_related_feedback
from include.workflows import ingest_slack_feedback as ingest
from include.workflows import process_customer_entry as steps
from include.workflows import weekly_digest as digests
from include.workflows.new_request import post_firehose
from tests.db.entries.conftest import (
    MODEL,
    TableJudge,
    WordsEmbedder,
    make_area,
    make_request,
    route_entry,
    submit,
)

if TYPE_CHECKING:
    from tests.chat import Chat

LONG = (
    "The table export times out on large tables, so we copy everything by hand every week.\n"
    "Nobody can see who deleted a record. Single sign-on breaks every Monday morning for us."
)


@pytest.fixture
def model(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """A configured chat model: the scripted server."""
    monkeypatch.setenv("AIRFLOW_CONN_GTM_FEEDBACK_LLM", chat.connection())
    monkeypatch.setattr(pains, "start_runs", lambda ids: {"started": len(list(ids))})
    return chat


def match(entry_id: int, embedder: WordsEmbedder, run_id: str = "r1") -> Way:
    return route_entry(entry_id, embedder, TableJudge(), agent=find_agent(), run_id=run_id)


def tasks_asked() -> list[str]:
    with session_scope() as session:
        return list(session.scalars(select(ModelCall.task).order_by(ModelCall.id)))


def says(chat: Chat, **answer: Any) -> None:
    chat.script("content", content=json.dumps(answer))


def test_a_long_entry_is_taken_apart_before_it_is_matched(
    model: Chat, embedder: WordsEmbedder
) -> None:
    entry_id = submit(LONG)
    assert match(entry_id, embedder) is Way.SPLIT
    assert match(entry_id, embedder) is Way.SPLIT
    assert tasks_asked() == ["split_pains"]
    report = steps.report(entry_id, run_id="r1")
    assert (report["outcome"], len(report["entries"])) == ("split", 3)
    with session_scope() as session:
        first = get_entry(session, report["entries"][0])
    assert match(first.id, embedder, first.run_id) is Way.CREATE
    # Nothing near, so nobody judges; the draft came with the pain.
    assert tasks_asked() == ["split_pains"]


def test_one_pain_in_a_long_text_costs_two_calls_at_most(
    model: Chat, embedder: WordsEmbedder
) -> None:
    make_request(embedder, "The table export is slow")
    quote = "The table export times out on large tables"
    says(model, pains=[{"quote": quote, "title": "Exports time out", "description": "They do."}])
    entry_id = submit(LONG)
    assert match(entry_id, embedder) in (Way.CREATE, Way.ASK)
    assert len(tasks_asked()) <= 2
    with session_scope() as session:
        suggestion = get_entry(session, entry_id).suggestion
        assert suggestion == {"title": "Exports time out", "description": "They do."}


def test_a_model_that_finds_no_pain_sets_the_entry_aside(
    model: Chat, embedder: WordsEmbedder
) -> None:
    says(model, pains=[])
    entry_id = submit("Lovely weather in town today, and the office party was great fun. " * 4)
    assert match(entry_id, embedder) is Way.SET_ASIDE
    assert steps.report(entry_id, run_id="r1")["noise_reason"] == "no_pain"


def test_without_a_model_a_long_entry_is_one_pain(embedder: WordsEmbedder) -> None:
    entry_id = submit(LONG)
    assert match(entry_id, embedder) is Way.CREATE
    assert tasks_asked() == []
    with session_scope() as session:
        assert session.scalar(select(func.count(Entry.id))) == 1


def test_a_captured_thread_is_read_by_the_model_and_quoted(model: Chat) -> None:
    conf = {"channel": "C1", "message_ts": "1.2", "user": "U0ANN"}
    with session_scope() as session:
        taken = capture.open_capture(session, conf, dag_id="d", run_id="r")
        taken.thread = [
            {"ts": "1.1", "text": "Hi team, Acme's export drops rows.", "user": "U1"},
            {"ts": "1.2", "text": "+1", "user": "U2"},
        ]
    answer = {"message": 0, "pain": "export drops rows", "summary": "s", "is_customer_specific": 1}
    says(model, **{**answer, "is_customer_specific": True})
    assert ingest.extract_pain(taken.id)
    with session_scope() as session:
        kept = capture.get_capture(session, taken.id)
        assert (kept.pain, kept.is_customer_specific) == ("export drops rows", True)
    assert tasks_asked() == ["extract_thread"]


def test_the_sweep_for_related_requests_hears_the_model(
    model: Chat, embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [
        make_request(embedder, title)
        for title in ("Export tables as CSV", "Export tables as CSV file", "Export tables as fish")
    ]
    near = TableJudge(**{"export-tables-as-fish": 0.8})
    with session_scope() as session:
        request = session.get_one(Request, ids[0])
        assert len(neighbours(session, request, model=MODEL, judge=near)) == 2
    relations = [
        {"id": ids[1], "relation": "duplicate", "confidence": 0.97, "reason": "Both want CSV."},
        {"id": ids[2], "relation": "different", "confidence": 0.9, "reason": "Fish."},
    ]
    says(model, relations=relations)
    monkeypatch.setattr(find_all_related_feedback, "embedder_from", lambda _: embedder)
    monkeypatch.setattr(find_all_related_feedback, "get_connection", lambda _: None)
    monkeypatch.setattr(find_all_related_feedback, "judge_for", lambda _: near)
    with session_scope() as session:
        plan = sweep_related.plan_pass(session, batch_size=1, limit=1, restart=False, dry_run=False)
    result = find_all_related_feedback.judge_related({"dry_run": False}, plan[0], run_id="r")
    assert (result["pairs"], result["new"]) == (1, 1)
    with session_scope() as session:
        [link] = session.scalars(select(RequestLink)).all()
        assert (link.kind, link.confidence, link.reason) == ("duplicate", 0.97, "Both want CSV.")


def test_a_new_request_is_announced_in_the_models_words_once(
    model: Chat, embedder: WordsEmbedder
) -> None:
    area = make_area("billing")
    with session_scope() as session:
        session.get_one(Area, area).slack_channel = "C0BILLING"
    request_id = make_request(embedder, "Invoices in euro", areas=[area])
    for _ in range(2):
        post_firehose(request_id)
    with session_scope() as session:
        [told] = session.scalars(select(Message)).all()
        assert "A customer ran into this: *Invoices in euro*." in json.dumps(told.blocks)
    assert tasks_asked() == ["compose_message"]


def test_an_announcement_without_a_model_says_the_description(embedder: WordsEmbedder) -> None:
    area = make_area("billing")
    with session_scope() as session:
        session.get_one(Area, area).slack_channel = "C0BILLING"
    request_id = make_request(embedder, "Invoices in euro", areas=[area])
    with session_scope() as session:
        session.get_one(Request, request_id).description = "They pay in euro."
        assert announcing.opened_facts(session, request_id) is not None
    post_firehose(request_id)
    with session_scope() as session:
        assert "They pay in euro." in json.dumps(session.scalars(select(Message.blocks)).one())


def profile(name: str, email: str) -> SlackProfile:
    return SlackProfile(PersonKind.PERSON, email, name)


def test_a_sure_likeness_becomes_an_alias_and_two_likely_people_are_none(model: Chat) -> None:
    with session_scope() as session:
        session.add(User(name="Annette Lee", email="alee@acme.example"))
    found = identity.resolve(
        session_scope,
        "U0ANN",
        lambda _: profile("Ann Lee", "ann.lee@acme.example"),
        _same_person,
    )
    with session_scope() as session:
        user = session.scalars(select(User)).one()
        assert (user.id, user.slack_user_id) == (found.user_id, "U0ANN")
        assert session.scalars(select(UserAlias.email)).one() == "ann.lee@acme.example"
        session.add(User(name="Bob Ray", email="bray@acme.example"))
        session.add(User(name="Bobby Ray", email="bobbyray@acme.example"))
    identity.resolve(
        session_scope,
        "U0BOB",
        lambda _: profile("Bob Ray", "bob.ray@acme.example"),
        _same_person,
    )
    with session_scope() as session:
        assert session.scalar(select(func.count(User.id))) == 4
    assert tasks_asked() == ["match_identity"]
    assert "acme.example" not in json.dumps(model.seen())


def test_likeness_is_no_match_without_a_model() -> None:
    with session_scope() as session:
        session.add(User(name="Annette Lee", email="alee@acme.example"))
    identity.resolve(
        session_scope,
        "U0ANN",
        lambda _: profile("Ann Lee", "ann.lee@acme.example"),
        _same_person,
    )
    with session_scope() as session:
        assert session.scalar(select(func.count(User.id))) == 2
        assert session.scalar(select(func.count(UserAlias.email))) == 0


def test_reports_and_digests_take_true_sentences_only(
    model: Chat, embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(area_reports, "embedding_model", lambda: None)
    area = make_area("billing")
    make_request(embedder, "Invoices in euro", areas=[area])
    now = datetime.now(UTC) + timedelta(seconds=30)
    area_reports.report_area("billing", now, run_id="r")
    with session_scope() as session:
        report = session.scalars(select(AreaReport)).one()
        assert report.sections[0]["summary"].startswith("Worth a look: 0 of 1 request shipped")
        assert report.metrics["narrated_by_model"] == 1
    says(
        model,
        sections=[{"id": "execution", "summary": "A whole 97% are open.", "slugs": ["made-up"]}],
    )
    area_reports.report_area("billing", now + timedelta(seconds=1), run_id="r")
    with session_scope() as session:
        session.expire_all()
        report = session.scalars(select(AreaReport)).one()
        assert report.sections[0]["summary"].startswith("0 of 1 request shipped")
        assert (report.metrics["refused_summaries"], report.metrics["dropped_slugs"]) == (1, 1)
    week = digests.make(now, run_id="r")
    assert digests.make(now, run_id="r") == week
    with session_scope() as session:
        content = digest_of(session, week).content
    assert content["opening"] == "This week at a glance: 0 pieces of feedback (0 the week before)."
    card = digest_card(content, request_url=lambda _: None)
    assert "This week at a glance" in json.dumps(card.blocks)
    assert len(card.blocks) <= 16
    assert tasks_asked() == ["narrate_area", "narrate_area", "narrate_digest"]


def test_a_question_in_another_language_is_chosen_by_the_model_and_counted_by_sql(
    model: Chat, embedder: WordsEmbedder
) -> None:
    area = make_area("billing")
    make_request(embedder, "Invoices in euro", areas=[area])
    answer = analytics.ask_with_model({"question": "Wie viele Wünsche gibt es zu Billing?"})
    assert (answer["chosen_by"], answer["query"]) == ("model", "totals")
    assert answer["filters"] == {"areas": ["billing"]}
    assert answer["totals"]["requests"] == 1
    [body] = model.seen()
    with session_scope() as session:
        assert session.scalar(text("SELECT count(*) FROM requests")) == 1
    assert "Invoices in euro" not in json.dumps(body)
