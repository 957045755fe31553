"""Many entries at once: the decisions of one by one, grouped questions, and nothing twice."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from include.base.errors import EmbeddingsUnavailable, FatalError, UnstorableValue
from include.base.settings import load_settings
from include.durable.api import hook_token
from include.entries import decide_many as batch
from include.entries import group_questions as grouped
from include.entries import import_file
from include.entries import settle as outcomes
from include.entries import store as batch_store
from include.entries.submission import Submission, parse_submission
from include.matching.types import Route
from include.requests.evidence import Evidence
from include.store.models import (
    Decision,
    Entry,
    EntryStatus,
    Feedback,
    Hook,
    Message,
    Outcome,
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

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

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
        batch_store.store_many(
            session, submissions, dag_id=DAG, run_id=run_id, known=batch_store.Known()
        )
    with session_scope() as session:
        return list(
            session.scalars(select(Entry.id).where(Entry.run_id == run_id).order_by(Entry.id))
        )


def process(
    ids: list[int], embedder: WordsEmbedder, judge: TableJudge, run_id: str = RUN, **more: Any
) -> dict[str, int]:
    options = {"allow_degraded": False, "quiet": True} | more
    return batch.process_range(
        session_scope,
        ids[0],
        ids[-1],
        dag_id=DAG,
        run_id=run_id,
        embedder=embedder,
        judge=judge,
        **options,
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
        with session_scope() as session:
            session.get_one(Entry, entry_id).run_id = RUN
        route = route_entry(entry_id, embedder, TableJudge())
        with session_scope() as session:
            if route is Route.ATTACH:
                outcomes.attach_matched(session, entry_id)
            elif route is Route.CREATE:
                outcomes.finish_opened(session, entry_id)


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


def test_a_decided_entry_whose_outcome_was_cut_off_is_finished(embedder: WordsEmbedder) -> None:
    [entry_id] = store(["Rosters do not print on A3 paper"])
    assert route_entry(entry_id, embedder, TableJudge()) is Route.CREATE
    assert process([entry_id], embedder, TableJudge())["created"] == 1


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
    assert process(ids, embedder, TableJudge(), allow_degraded=True)["created"] == 1
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
        counts = batch_store.store_many(
            session, submissions, dag_id=DAG, run_id="i9", known=batch_store.Known()
        )
    assert counts == batch_store.StoredMany(new=1, known=2, taken_over=1)
    with session_scope() as session:
        owners = session.scalars(select(Entry.run_id).order_by(Entry.id)).all()
    assert owners == [RUN, "i9", RUN, "i9"]


def ask_all(ask: str | None = None) -> list[dict[str, Any]]:
    with session_scope() as session:
        groups = grouped.plan_groups(session, dag_id=DAG, run_id=RUN, ask=ask)
        for place, group in enumerate(groups):
            grouped.ask_group(
                session,
                group,
                dag_id=DAG,
                run_id=RUN,
                map_index=place,
                settings=load_settings(),
            )
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


def carry_out(group: dict[str, Any], embedder: WordsEmbedder) -> None:
    for entry_id, _ in group["entries"]:
        outcomes.apply_answer(
            session_scope,
            entry_id,
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
    carry_out(group, embedder)
    carry_out(group, embedder)
    with session_scope() as session:
        assert session.scalar(select(func.count(Request.id))) == requests
        assert session.scalar(select(func.count(Feedback.id))) == 3
        answers = session.scalars(select(Decision).where(Decision.step == "answer")).all()
        assert {answer.entry_id for answer in answers} == set(ids)
        [card] = session.scalars(
            select(Message).where(Message.purpose == "question", Message.kind == "post")
        ).all()
        assert card.address == "U0ANN"
        [locked] = session.scalars(select(Message).where(Message.kind == "update")).all()
        assert "button" not in str(locked.blocks)
        assert "by <@U0ANN> on" in str(locked.blocks)


def test_no_answer_makes_requests_of_a_group(embedder: WordsEmbedder) -> None:
    asked_batch(embedder)
    [group] = ask_all()
    with session_scope() as session:
        hook = session.scalars(select(Hook)).one()
        hook.status, hook.closed_at = "expired", hook.created_at
    carry_out(group, embedder)
    with session_scope() as session:
        assert session.scalar(select(func.count(Request.id))) == 4
        steps = session.scalars(select(Decision.step).where(Decision.step != "match")).all()
    assert steps == ["expiry"] * 3


def lines(text: bytes, form: str) -> list[import_file.Line]:
    return list(import_file.read_lines(io.BytesIO(text), form, name="f"))


def test_bad_lines_are_told_by_number_and_the_rest_is_read() -> None:
    text = (
        b'\xef\xbb\xbf{"customer_pain": "one", "external_id": "a"}\n\n'
        b"not json\n[1]\n"
        b'{"customer_pain": "two", "external_id": "a"}\n'
        b'{"customer_pain": "caf\xe9"}\n'
        b'{"customer_pain": " "}\n{"customer_pain": "x", "mood": "sad"}\n'
        b'{"customer_pain": "three"}\n{"customer_pain": "three"}\n'
    )
    found = lines(text, "jsonl")
    assert [(one.number, one.problem) for one in found if one.problem] == [
        (3, "not JSON"),
        (4, "not a JSON object"),
        (5, "external_id is on an earlier line already"),
        (6, "not UTF-8 (byte 23)"),
        (7, "customer_pain is missing or blank: say in a sentence what hurts"),
        (8, f"'mood' is unknown; known: {', '.join(Submission.model_fields)}"),
    ]
    keys = [one.key for one in found if one.key]
    assert keys[0] == "import:a"
    assert len(set(keys)) == 3


def test_csv_is_read_with_quotes_lists_and_people() -> None:
    text = (
        b"customer_pain,severity,links,submitter_email\r\n"
        b'"Two\nlines, one cell",high,https://a.example;https://b.example,ann@example.com\r\n'
        b"short\r\n"
    ) + b"caf\xe9,low,,\r\nlast caf\xc3\xa9,,,\r\n"
    found = lines(text, "csv")
    first = found[0].submission
    assert first is not None
    assert first.customer_pain == "Two\nlines, one cell"
    assert first.links == ("https://a.example", "https://b.example")
    assert first.submitter is not None
    assert first.submitter.email == "ann@example.com"
    assert [(one.number, one.problem) for one in found[1:]] == [
        (4, "1 cells where the header has 4"),
        (5, "not UTF-8"),
        (6, None),
    ]


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        (b"", "jsonl", "empty"),
        (b"\n\n", "jsonl", "empty"),
        (b"", "csv", "empty"),
        (b"customer_pain\n", "csv", "empty"),
        (b"words,severity\nx,low\n", "csv", "no column 'customer_pain'"),
        (b"customer_pain,mood\nx,sad\n", "csv", "unknown column 'mood'"),
        (b"customer_pain,customer_pain\nx,y\n", "csv", "twice"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(text: bytes, form: str, said: str) -> None:
    with pytest.raises(FatalError, match=said):
        lines(text, form)


def test_a_file_is_stored_once_and_its_longer_version_adds_what_is_new(
    feedback_db: object, tmp_path: Path
) -> None:
    path = tmp_path / "some.jsonl"
    rows = [json.dumps({"customer_pain": one}) for one in pains(5)]
    path.write_text("\n".join([*rows, "oops"]), encoding="utf-8")
    batches, facts = import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="a")
    assert [one["label"] for one in batches] == ["1 to 5 of 5"]
    assert (facts["stored"], facts["bad_lines"], facts["problems"]) == (5, 1, [[6, "not JSON"]])
    again, facts = import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="a")
    assert again == batches
    with session_scope() as session:
        session.execute(update(Entry).values(status=EntryStatus.DONE, outcome=Outcome.CREATED))
    path.write_text("\n".join([*rows, json.dumps({"customer_pain": "new"})]), encoding="utf-8")
    more, facts = import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="b")
    assert (facts["stored"], facts["known_before"]) == (1, 5)
    assert [one["label"] for one in more] == ["1 to 1 of 1"]


def test_a_mended_file_takes_over_what_a_run_left_and_every_line_is_counted(
    feedback_db: object, tmp_path: Path
) -> None:
    path = tmp_path / "some.csv"
    head = 'customer_pain,external_id\none,1\n"two\nlines",2\n\n'
    path.write_text(f"{head}bad\n", encoding="utf-8")
    import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="a")
    path.write_text(f"{head}mended,3\n", encoding="utf-8")
    batches, facts = import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="b")
    assert (facts["stored"], facts["known_before"], facts["taken_over"]) == (1, 0, 2)
    assert [one["label"] for one in batches] == ["1 to 3 of 3"]
    counted = ("lines", "header_lines", "empty_lines", "continued_lines")
    assert [facts[name] for name in counted] == [3, 1, 1, 1]
    assert facts["file_lines"] == 6


def test_a_value_that_only_the_database_refuses_is_told_and_the_rest_is_stored(
    feedback_db: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_many = batch_store.store_many

    def refusing(session: Session, pairs: Any, **more: Any) -> batch_store.StoredMany:
        if any(one.customer_pain == "third" for _, one in pairs):
            raise UnstorableValue("The database refused it.")
        return store_many(session, pairs, **more)

    monkeypatch.setattr(batch_store, "store_many", refusing)
    path = tmp_path / "some.csv"
    path.write_text("customer_pain\nfirst\nsecond\nthird\nfourth\n", encoding="utf-8")
    _, facts = import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="a")
    assert (facts["stored"], facts["bad_lines"], facts["lines"]) == (3, 1, 4)
    [[number, problem]] = facts["problems"]
    assert (number, problem) == (4, "the database cannot store one of its values")


@pytest.mark.parametrize(
    ("path", "said"), [("nowhere.jsonl", "cannot be read"), ("notes.txt", "neither .jsonl nor")]
)
def test_a_file_that_is_not_there_or_of_no_known_kind_is_fatal(path: str, said: str) -> None:
    with pytest.raises(FatalError, match=said):
        import_steps.store_file({"path": path}, dag_id=DAG, run_id="a")


def test_evidence_keeps_the_confidence_of_its_own_entry(embedder: WordsEmbedder) -> None:
    asked_batch(embedder)
    [group] = ask_all("U0ANN")
    press(token_of(), "attach")
    carry_out(group, embedder)
    with session_scope() as session:
        confidences = session.scalars(select(Feedback.confidence)).all()
    assert confidences == [0.85] * 3
    assert Evidence("person", "x").confidence is None
