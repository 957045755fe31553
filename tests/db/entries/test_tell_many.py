"""What became of many entries is told in one message a person, each line with its button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.entries import questions
from include.entries import store as storing
from include.entries import tell as telling
from include.entries.correct import undo_attachment
from include.entries.submission import parse_submission
from include.outbox.effects import Report
from include.store.models import Entry, Hook, Message
from include.store.session import session_scope
from include.workflows import import_feedback as import_steps
from tests.db.entries.conftest import TableJudge, WordsEmbedder, make_request, press
from tests.db.entries.test_decide_many import process
from tests.people import member

if TYPE_CHECKING:
    import pytest

DAG, RUN = "import_feedback", "i1"
WORDS = ["rosters", "charts", "filters", "prices", "backups", "invoices"]


def store(texts: list[str], person: str | None = "U0ANN") -> list[int]:
    submitter = {"slack_user_id": person, "email": f"{person}@example.com"} if person else None
    pairs = [
        (
            f"import:{person}-{n}",
            parse_submission({"customer_pain": one, "source": "import", "submitter": submitter}),
        )
        for n, one in enumerate(texts)
    ]
    with session_scope() as session:
        storing.store(session, pairs, dag_id=DAG, run_id=RUN)
    with session_scope() as session:
        return list(session.scalars(select(Entry.id).order_by(Entry.id)))


def placed(embedder: WordsEmbedder, count: int, person: str | None = "U0ANN") -> list[int]:
    """Entries of one person: the first half attached, the others opened requests."""
    make_request(embedder, "Export a table as CSV")
    half = [f"Export a table as CSV for {WORDS[n % 6]}" for n in range(count // 2)]
    rest = [
        f"Nothing prints {WORDS[n % 6]} number{'abcdefghij'[n]}" for n in range(count - count // 2)
    ]
    ids = store([*half, *rest], person)
    table = TableJudge(**{"export-a-table-as-csv": 0.95})

    class Judge:
        name = "table"

        def judge(self, pain: str, candidates: Any) -> Any:
            return table.judge(pain, candidates) if pain.startswith("Export") else []

    counts = process(ids, embedder, Judge(), quiet=False)  # type: ignore[arg-type]
    assert (counts["attached"], counts["created"]) == (len(half), len(rest))
    return ids


def told() -> list[Message]:
    with session_scope() as session:
        telling.tell_run(session, dag_id=DAG, run_id=RUN)
    with session_scope() as session:
        return list(session.scalars(select(Message).order_by(Message.id)))


def buttons(message: Message) -> list[dict[str, Any]]:
    """The first button of each line: what the entry's place can be changed by."""
    return [block["elements"][0] for block in message.blocks if block["type"] == "actions"]


def test_a_few_are_told_one_by_one(embedder: WordsEmbedder) -> None:
    placed(embedder, 3)
    assert [one.purpose for one in told()] == ["attached", "created", "created"]
    assert len(told()) == 3


def test_many_are_told_in_one_message_with_a_button_each(embedder: WordsEmbedder) -> None:
    placed(embedder, 8)
    [message] = told()
    assert (message.purpose, message.address) == ("summary", "U0ANN")
    assert message.body.startswith("8 pieces of feedback are placed: 4 added to requests, 4 new.")
    labels = [one["text"]["text"] for one in buttons(message)]
    assert labels == ["Undo"] * 4 + ["Pick another request"] * 4
    with session_scope() as session:
        assert set(session.scalars(select(Entry.told_in))) == {message.id}
    assert len(told()) == 1


def test_twenty_one_are_two_messages_and_nobody_s_go_to_the_review_channel(
    embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "MOST_LINES", 5)
    placed(embedder, 9, person=None)
    assert [(one.address, len(buttons(one))) for one in told()] == [
        ("#feedback-review", 5),
        ("#feedback-review", 4),
    ]


def test_undo_on_a_line_changes_the_summary_and_nothing_else(embedder: WordsEmbedder) -> None:
    placed(embedder, 8)
    [message] = told()
    token = buttons(message)[0]["value"]
    with session_scope() as session:
        assert undo_attachment(session, token=token, actor=member("U0BEN")).status == "not_allowed"
    with session_scope() as session:
        reply = undo_attachment(session, token=token, actor=member("U0ANN"))
    assert reply.status == "recorded"
    with session_scope() as session:
        update = session.scalars(select(Message).where(Message.kind == "update")).one()
    assert update.target_id == message.id
    assert update.body.startswith("8 pieces of feedback are placed: 3 added to requests, 5 new.")
    assert buttons(update)[0]["text"]["text"] == "Put it back"
    with session_scope() as session:
        again = undo_attachment(session, token=token, actor=member("U0ANN"))
    assert again.status == "too_late"


def test_the_limits_of_slack_are_kept(embedder: WordsEmbedder) -> None:
    ids = placed(embedder, 20)
    with session_scope() as session:
        for entry in session.scalars(select(Entry).where(Entry.id.in_(ids))):
            entry.customer_pain = "<!channel> & " + "x" * 9_000
    [message] = told()
    assert len(message.blocks) == 41
    sections = [block for block in message.blocks if block["type"] == "section"]
    assert all(len(block["text"]["text"]) < 1_000 for block in sections)
    assert "<!channel>" not in str(message.blocks)


def test_telling_beside_the_matching_ends_when_all_is_told(
    embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(
        import_steps, "deliver", lambda ids: sent.extend(ids) or Report(done_ids=list(ids))
    )
    placed(embedder, 8)
    assert import_steps.tell_meanwhile(dag_id=DAG, run_id=RUN, pause=lambda _: None) == 1
    assert len(sent) == 1


def test_telling_gives_up_when_nothing_happens(
    embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(["Nobody decides this"])
    now = iter(range(0, 1_000, 10))
    paused: list[float] = []
    assert (
        import_steps.tell_meanwhile(
            dag_id=DAG, run_id=RUN, clock=lambda: float(next(now)), pause=paused.append
        )
        == 0
    )
    assert len(paused) < 10


def test_what_is_to_be_asked_is_asked_while_the_rest_is_decided(embedder: WordsEmbedder) -> None:
    for title in ("Export a table as CSV", "Charts have a legend"):
        make_request(embedder, title)
    judge = TableJudge(**{"export-a-table-as-csv": 0.85, "charts-have-a-legend": 0.0})
    other = TableJudge(**{"charts-have-a-legend": 0.85, "export-a-table-as-csv": 0.0})
    first, second = store(["Export table csv", "Charts legend"])
    process([first], embedder, judge)
    now = iter(range(0, 1_000, 6))
    import_steps.tell_meanwhile(
        dag_id=DAG, run_id=RUN, clock=lambda: float(next(now)), pause=lambda _: None
    )
    with session_scope() as session:
        [hook] = session.scalars(select(Hook))
        assert (hook.map_index, hook.question["entries"][0][0]) == (0, first)
    process([second], embedder, other)
    groups = import_steps.ask_questions(dag_id=DAG, run_id=RUN, ask=None)
    assert [group["entries"][0][0] for group in groups] == [first, second]
    with session_scope() as session:
        hooks = session.scalars(select(Hook).order_by(Hook.map_index)).all()
        assert [hook.question["entries"][0][0] for hook in hooks] == [first, second]
        cards = session.scalars(select(Message).where(Message.purpose == "question")).all()
        assert len(cards) == 2


def test_asking_again_keeps_the_place_of_each_question(embedder: WordsEmbedder) -> None:
    """A wait is known by its place, so an answered question must not move the others up."""
    for title in ("Export a table as CSV", "Charts have a legend"):
        make_request(embedder, title)
    judge = TableJudge(**{"export-a-table-as-csv": 0.85, "charts-have-a-legend": 0.0})
    process(store(["Export table csv"]), embedder, judge)
    other = TableJudge(**{"charts-have-a-legend": 0.85, "export-a-table-as-csv": 0.0})
    process(store(["Export table csv", "Charts legend"]), embedder, other)

    first = import_steps.ask_questions(dag_id=DAG, run_id=RUN, ask=None)
    assert len(first) == 2
    assert import_steps.ask_questions(dag_id=DAG, run_id=RUN, ask=None) == first
    with session_scope() as session:
        token = session.scalars(select(Message).order_by(Message.id)).first()
        assert token is not None
        value = token.blocks[-1]["elements"][0]["value"]
    assert press(value, "attach").status == "recorded"
    with session_scope() as session:
        done = session.get_one(Entry, first[0]["entries"][0][0])
        done.status, done.outcome = "done", "attached"
    assert import_steps.ask_questions(dag_id=DAG, run_id=RUN, ask=None) == first
    with session_scope() as session:
        assert questions.plan_groups(session, dag_id=DAG, run_id="another") == []


def test_one_more_than_is_told_at_once_is_told_next(
    embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "AT_ONCE", 2)
    ids = placed(embedder, 5)
    assert [len(told()) for _ in range(4)] == [2, 4, 5, 5]
    with session_scope() as session:
        told_of = session.scalars(select(Message.entry_id)).all()
    assert sorted(one for one in told_of if one) == sorted(ids)
