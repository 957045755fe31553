"""Several pains in one message: each becomes an entry that goes its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from include.agents.pains import Pain, verbatim
from include.entries import drain as backlog
from include.entries import set_aside as setting_aside
from include.entries import settle as outcomes
from include.entries import take_apart as pains
from include.entries.decide import Way
from include.entries.entry import get_entry
from include.entries.slack_capture import open_capture
from include.entries.submission import MAX_EXTERNAL_ID
from include.entries.thread_reply import tell_thread
from include.store.models import Entry, Feedback, Message, Outcome, Request, RunStart
from include.store.session import session_scope
from include.workflows import process_customer_entry as steps
from tests.db.entries.conftest import (
    DAG,
    TableJudge,
    WordsEmbedder,
    ask,
    make_area,
    make_request,
    press,
    route_entry,
    submit,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TEXT = (
    "Our table export times out on large tables, so we copy everything by hand. Also nobody can "
    "see who deleted a record, and single sign-on breaks every Monday morning for all of us."
)
QUOTES = (
    "Our table export times out on large tables",
    "nobody can see who deleted a record",
    "single sign-on breaks every Monday morning",
)


def three(text: str) -> list[Pain]:
    return verbatim(text, [(quote, f"Title of {quote[:20]}", "It hurts.") for quote in QUOTES])[0]


@pytest.fixture(autouse=True)
def no_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pains, setting_aside):
        monkeypatch.setattr(module, "start_runs", lambda ids: {"started": len(list(ids))})


def take_apart(entry_id: int, read: pains.ReadPains = three) -> Outcome | None:
    return pains.take_apart(session_scope, entry_id, run_id="r1", read=read)


def children(entry_id: int) -> list[Entry]:
    with session_scope() as session:
        return pains.children_of(session, entry_id)


def test_each_pain_is_an_entry_with_its_quote_and_its_own_run() -> None:
    make_area("billing")
    entry_id = submit(
        TEXT, severity="high", account_id="A1", external_id="crm-1", areas=["billing"]
    )
    assert take_apart(entry_id) is Outcome.SPLIT
    found = children(entry_id)
    assert [one.customer_pain for one in found] == list(QUOTES)
    assert [TEXT[one.pain_start : one.pain_end] for one in found] == list(QUOTES)
    assert [one.external_id for one in found] == ["crm-1#1", "crm-1#2", "crm-1#3"]
    assert {(one.severity, one.account_id, tuple(one.areas)) for one in found} == {
        ("high", "A1", ("billing",))
    }
    assert len({one.submitter_id for one in found}) == 1
    with session_scope() as session:
        parent = get_entry(session, entry_id)
        assert (parent.customer_pain, parent.status, parent.outcome) == (TEXT, "done", "split")
        starts = session.scalars(select(RunStart).order_by(RunStart.id)).all()
        assert [start.run_id for start in starts] == [one.run_id for one in found]
        assert [start.conf for start in starts] == [{"entry_id": one.id} for one in found]
    report = steps.report(entry_id, run_id="r1")
    assert (report["outcome"], report["entries"]) == ("split", [one.id for one in found])


def test_a_pain_of_the_longest_external_id_can_still_be_run() -> None:
    entry_id = submit(TEXT, external_id="x" * MAX_EXTERNAL_ID)
    assert take_apart(entry_id) is Outcome.SPLIT
    ids = [one.external_id or "" for one in children(entry_id)]
    assert [len(one) for one in ids] == [MAX_EXTERNAL_ID] * 3
    assert [one[-2:] for one in ids] == ["#1", "#2", "#3"]


def test_a_repeat_takes_nothing_apart_twice() -> None:
    entry_id = submit(TEXT, external_id="crm-1")
    assert take_apart(entry_id) is Outcome.SPLIT
    assert take_apart(entry_id) is None
    assert submit(TEXT, "r2", external_id="crm-1") == entry_id
    with session_scope() as session:
        assert get_entry(session, entry_id).run_id == "r1"
        assert session.scalar(select(func.count(Entry.id))) == 4
    assert pains.take_apart(session_scope, children(entry_id)[0].id, run_id="x", read=three) is None


def test_every_pain_is_routed_on_its_own(embedder: WordsEmbedder) -> None:
    make_request(embedder, "Table export times out")
    make_request(embedder, "Who deleted a record")
    judge = TableJudge(**{"table-export-times-out": 0.95, "who-deleted-a-record": 0.0})
    entry_id = submit(TEXT)
    take_apart(entry_id)
    export, deleted, sso = children(entry_id)

    def match(entry: Entry, judge: TableJudge) -> Way:
        return route_entry(entry.id, embedder, judge, run_id=entry.run_id)

    assert match(export, judge) is Way.ATTACH
    asks = TableJudge(**{"who-deleted-a-record": 0.85, "table-export-times-out": 0.0})
    assert match(deleted, asks) is Way.ASK
    nothing = TableJudge(**{"who-deleted-a-record": 0.0, "table-export-times-out": 0.0})
    assert match(sso, nothing) is Way.CREATE
    token = ask(deleted.id, deleted.run_id)
    assert press(token, "attach").status == "recorded"
    outcomes.apply_answer(
        session_scope,
        dag_id=DAG,
        run_id=deleted.run_id,
        embedder=embedder,
        judge=asks,
    )
    with session_scope() as session:
        rows = session.execute(
            select(Feedback.quote, Request.title)
            .join(Request, Request.id == Feedback.request_id)
            .order_by(Feedback.entry_id)
        ).all()
    assert rows == [
        (QUOTES[0], "Table export times out"),
        (QUOTES[1], "Who deleted a record"),
        # The title that was proposed with the pain: no further call to a model.
        (QUOTES[2], f"Title of {QUOTES[2][:20]}"),
    ]


def test_one_pain_leaves_the_entry_as_it_is_but_for_the_proposed_title(
    embedder: WordsEmbedder,
) -> None:
    entry_id = submit(TEXT)
    assert take_apart(entry_id, lambda text: three(text)[:1]) is None
    assert route_entry(entry_id, embedder, TableJudge()) is Way.CREATE
    with session_scope() as session:
        assert session.scalars(select(Feedback.quote).select_from(Feedback)).one() == TEXT
        assert session.scalars(select(Request.title)).one() == f"Title of {QUOTES[0][:20]}"


def test_no_model_changes_nothing_and_no_pain_is_set_aside_unless_somebody_insisted() -> None:
    entry_id = submit(TEXT)
    assert take_apart(entry_id, lambda _: None) is None
    assert take_apart(entry_id, lambda _: []) is Outcome.NOISE
    with session_scope() as session:
        entry = get_entry(session, entry_id)
        assert (entry.outcome, entry.noise_reason) == ("noise", "no_pain")
    setting_aside.restore({"entry_id": entry_id}, dag_id="d", run_id="r", started_by="olga")
    with session_scope() as session:
        run_id = get_entry(session, entry_id).run_id
    assert pains.take_apart(session_scope, entry_id, run_id=run_id, read=lambda _: []) is None


def test_a_drain_takes_the_pains_whose_runs_have_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    from include.engine import airflow_api
    from include.engine.airflow_api import WaitingRun

    entry_id = submit(TEXT)
    take_apart(entry_id)
    with session_scope() as session:
        waiting = [
            WaitingRun(start.run_id, start.conf) for start in session.scalars(select(RunStart))
        ]
    monkeypatch.setattr(airflow_api, "waiting_runs", lambda *_: waiting)
    _, facts = backlog.take_over(dag_id="drain_backlog", run_id="b1", batch_size=10)
    assert (len(facts["runs"]), facts["stored"], facts["left_alone"]) == (3, 3, 0)
    assert {(one.dag_id, one.run_id) for one in children(entry_id)} == {("drain_backlog", "b1")}


def test_the_thread_tells_of_every_pain(session: Session) -> None:
    conf = {"channel": "C1", "message_ts": "1.2", "user": "U0ANN", "is_internal": True}
    open_capture(session, conf, dag_id="d", run_id="r")
    session.commit()
    entry_id = submit(TEXT, source="slack", external_id="message:C1:1.2")
    take_apart(entry_id)
    tell_thread(session, get_entry(session, entry_id))
    session.commit()
    first = children(entry_id)[0]
    changed = tell_thread(session, get_entry(session, first.id))
    assert changed is None  # it says so already
    with session_scope() as other:
        get_entry(other, first.id).status = "failed"
    session.expire_all()
    changed = tell_thread(session, get_entry(session, first.id))
    body = session.get_one(Message, changed).body
    assert body.startswith("Thanks. There are 3 things in this")
    assert body.count("I am working on this.") == 2
    assert body.count("I could not finish") == 1
