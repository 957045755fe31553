"""Many entries at once: the decisions of one by one, grouped questions, and nothing twice."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from include.base.errors import EmbeddingsUnavailable
from include.durable.api import hook_token
from include.entries import questions
from include.entries import settle as outcomes
from include.entries import store as storing
from include.entries.decide import Means, Way, decide_range
from include.entries.submission import parse_submission
from include.requests.evidence import Evidence
from include.store.models import (
    Decision,
    Entry,
    Feedback,
    Hook,
    Message,
    Request,
    RunStart,
)
from include.store.session import session_scope
from include.workflows import import_feedback as import_steps
from tests.db.entries.conftest import (
    TableJudge,
    WordsEmbedder,
    make_request,
    press,
    route_entry,
)

DAG, RUN = "import_feedback", "i1"
WORDS = ["tables", "rosters", "invoices", "passwords", "charts", "filters", "prices", "backups"]


def pains(count: int) -> list[str]:
    """Some alike, some alone: every third repeats an earlier one with another ending."""
    said = []
    for n in range(count):
        word = WORDS[n % len(WORDS)]
        ending = "please" if n % 3 else f"number{'abcdefghij'[n % 10]} matters"
        said.append(f"We cannot print {word} on paper {ending}")
    return said


def store(texts: list[str], run_id: str = RUN, **more: Any) -> list[int]:
    submissions = [
        (
            f"import:{run_id}-{n}",
            parse_submission({"customer_pain": one, "source": "import"} | more),
        )
        for n, one in enumerate(texts)
    ]
    with session_scope() as session:
        storing.store(session, submissions, dag_id=DAG, run_id=run_id)
    with session_scope() as session:
        return list(
            session.scalars(select(Entry.id).where(Entry.run_id == run_id).order_by(Entry.id))
        )


def process(
    ids: list[int],
    embedder: WordsEmbedder,
    judge: TableJudge,
    run_id: str = RUN,
    *,
    last: bool = False,
    quiet: bool = True,
) -> dict[str, int]:
    return decide_range(
        session_scope,
        ids[0],
        ids[-1],
        Means(embedder, judge, last),
        dag_id=DAG,
        run_id=run_id,
        quiet=quiet,
    )


def decisions() -> list[tuple[str, str | None, float | None]]:
    statement = (
        select(Decision.route, Request.title, Decision.confidence)
        .join(Request, Request.id == Decision.request_id)
        .where(Decision.step == "match")
        .order_by(Decision.entry_id)
    )
    with session_scope() as session:
        return [(row.route, row.title, row.confidence) for row in session.execute(statement)]


def one_by_one(texts: list[str], embedder: WordsEmbedder) -> None:
    for entry_id in store(texts):
        route_entry(entry_id, embedder, TableJudge())


@pytest.fixture
def expected(embedder: WordsEmbedder) -> list[tuple[str, str | None, float | None]]:
    """What one run an entry decides, on a database of the same content (then emptied)."""
    one_by_one(pains(70), embedder)
    found = decisions()
    with session_scope() as session:
        for table in ("messages", "decisions", "feedback", "request_embeddings", "run_starts"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
        session.connection().exec_driver_sql("DELETE FROM requests")
        session.connection().exec_driver_sql("DELETE FROM entries")
    return found


def test_a_batch_decides_as_one_run_an_entry_does(
    expected: list[tuple[str, str | None, float | None]], embedder: WordsEmbedder
) -> None:
    ids = store(pains(70))
    counts = process(ids, embedder, TableJudge())
    assert decisions() == expected
    assert {route for route, _, _ in expected} == {"attach", "ask", "create"}
    assert sum(counts.values()) == 70
    with session_scope() as session:
        done = session.scalar(select(func.count()).where(Entry.status == "done"))
        assert session.scalar(select(func.count(Feedback.id))) == done


def test_a_repeat_does_only_what_is_left(embedder: WordsEmbedder) -> None:
    ids = store(pains(40))
    process(ids[:20], embedder, TableJudge())
    first = decisions()
    process(ids, embedder, TableJudge())
    assert decisions()[:20] == first
    assert process(ids, embedder, TableJudge()) == {"attached": 0, "created": 0, "asked": 0}
    with session_scope() as session:
        assert session.scalar(select(func.count(Decision.id))) == 40


def test_an_entry_that_was_decided_meanwhile_is_not_decided_again(embedder: WordsEmbedder) -> None:
    [entry_id] = store(["Rosters do not print on A3 paper"])
    assert route_entry(entry_id, embedder, TableJudge()) is Way.CREATE
    assert sum(process([entry_id], embedder, TableJudge()).values()) == 0


def test_quiet_tells_nobody_and_otherwise_everybody_is_told(embedder: WordsEmbedder) -> None:
    process(store(["Rosters do not print"]), embedder, TableJudge())
    with session_scope() as session:
        assert session.scalar(select(func.count(Message.id))) == 0
        assert session.scalar(select(func.count(RunStart.id))) == 0
    ids = store(["Charts have no legend"], "i2")
    process(ids, embedder, TableJudge(), "i2", quiet=False)
    import_steps.deliver_outcomes(dag_id=DAG, run_id="i2")
    with session_scope() as session:
        assert session.scalar(select(func.count(Message.id))) == 1
        assert session.scalar(select(func.count(RunStart.id))) == 1


def test_without_embeddings_it_waits_and_on_the_last_try_words_decide(
    embedder: WordsEmbedder,
) -> None:
    make_request(embedder, "Export a table as CSV")
    embedder.down = True
    ids = store(["Rosters do not print"])
    with pytest.raises(EmbeddingsUnavailable):
        process(ids, embedder, TableJudge())
    assert process(ids, embedder, TableJudge(), last=True)["created"] == 1
    with session_scope() as session:
        assert session.scalars(select(Decision.degraded)).all() == [True]


def test_storing_again_adds_nothing_and_takes_over_what_failed(embedder: WordsEmbedder) -> None:
    ids = store(pains(3))
    with session_scope() as session:
        session.get_one(Entry, ids[1]).status = "failed"
    submissions = [
        (f"import:{RUN}-{n}", parse_submission({"customer_pain": one, "source": "import"}))
        for n, one in enumerate(pains(4))
    ]
    with session_scope() as session:
        stored = storing.store(session, submissions, dag_id=DAG, run_id="i9")
    assert [one.is_new for one in stored] == [False, False, False, True]
    assert [one.is_taken for one in stored] == [False, True, False, False]
    with session_scope() as session:
        owners = session.scalars(select(Entry.run_id).order_by(Entry.id)).all()
    assert owners == [RUN, "i9", RUN, "i9"]


def ask_all(ask: str | None = None) -> list[dict[str, Any]]:
    with session_scope() as session:
        groups = questions.plan_groups(session, dag_id=DAG, run_id=RUN, ask=ask)
        for place, group in enumerate(groups):
            questions.ask(session, group, dag_id=DAG, run_id=RUN, map_index=place)
    return groups


def asked_batch(embedder: WordsEmbedder) -> list[int]:
    make_request(embedder, "Export a table as CSV")
    judge = TableJudge(**{"export-a-table-as-csv": 0.85})
    ids = store(["Rosters do not print", "Charts have no legend", "Prices are in euros"])
    assert process(ids, embedder, judge)["asked"] == 3
    return ids


def token_of() -> str:
    with session_scope() as session:
        return hook_token(session, session.scalars(select(Hook.id)).one())


def carry_out(embedder: WordsEmbedder) -> None:
    outcomes.apply_answer(
        session_scope,
        dag_id=DAG,
        run_id=RUN,
        embedder=embedder,
        judge=TableJudge(),
        map_index=0,
    )


@pytest.mark.parametrize(("choice", "requests"), [("attach", 1), ("create", 4)])
def test_one_card_asks_about_all_and_one_press_decides_all(
    embedder: WordsEmbedder, choice: str, requests: int
) -> None:
    ids = asked_batch(embedder)
    [group] = ask_all("U0ANN")
    assert group["label"] == "export-a-table-as-csv (3)"
    assert press(token_of(), choice, "U0EVE").status == "not_allowed"
    assert press(token_of(), choice).status == "recorded"
    assert press(token_of(), choice).status == "too_late"
    carry_out(embedder)
    carry_out(embedder)
    with session_scope() as session:
        assert session.scalar(select(func.count(Request.id))) == requests
        assert session.scalar(select(func.count(Feedback.id))) == 3
        answers = session.scalars(select(Decision).where(Decision.step == "answer")).all()
        assert {answer.entry_id for answer in answers} == set(ids)
        [card] = session.scalars(
            select(Message).where(Message.purpose == "question", Message.kind == "post")
        ).all()
        assert card.address == "U0ANN"
        changes = select(Message).where(Message.kind == "update").order_by(Message.id)
        locked = session.scalars(changes).all()[-1]
        assert "answer_" not in str(locked.blocks)
        assert "<@U0ANN> chose" in str(locked.blocks)


def test_no_answer_makes_requests_of_a_group(embedder: WordsEmbedder) -> None:
    asked_batch(embedder)
    ask_all()
    with session_scope() as session:
        hook = session.scalars(select(Hook)).one()
        hook.status, hook.closed_at = "expired", hook.created_at
    carry_out(embedder)
    with session_scope() as session:
        assert session.scalar(select(func.count(Request.id))) == 4
        steps = session.scalars(select(Decision.step).where(Decision.step != "match")).all()
    assert steps == ["expiry"] * 3


def test_evidence_keeps_the_confidence_of_its_own_entry(embedder: WordsEmbedder) -> None:
    asked_batch(embedder)
    ask_all("U0ANN")
    press(token_of(), "attach")
    carry_out(embedder)
    with session_scope() as session:
        confidences = session.scalars(select(Feedback.confidence)).all()
    assert confidences == [0.85] * 3
    assert Evidence("person", "x").confidence is None
