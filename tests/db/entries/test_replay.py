"""Past decisions judged anew: as they stood, against what people said, and nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text, update

from include.base.errors import FatalError
from include.durable.api import signing_keys
from include.durable.keys import sign
from include.entries import correct as undo
from include.entries import settle as outcomes
from include.entries.replay import Rules, replay
from include.store.models import Base, Decision, Entry, Feedback, Request, RequestMerge
from include.store.session import session_scope
from include.workflows import replay_decisions as replay_steps
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
    from tests.chat import Chat

SINCE = datetime.now(UTC) - timedelta(hours=1)
UNTIL = SINCE + timedelta(hours=2)
TITLE = "Export tables as CSV"
SLUG = "export-tables-as-csv"


def run(judge: TableJudge, *, limit: int = 100, **rules: float) -> dict[str, Any]:
    return replay(
        session_scope,
        SINCE,
        UNTIL,
        judge_of=lambda *_: judge,
        rules=Rules(**rules),
        limit=limit,
    )


def sure(confidence: float) -> TableJudge:
    return TableJudge(**{SLUG: confidence})


def contents() -> dict[str, list[Any]]:
    """Every row of every table of the product, the calls of models aside."""
    with session_scope() as session:
        return {
            table.name: sorted(
                str(row) for row in session.execute(text(f'SELECT t::text FROM "{table.name}" t'))
            )
            for table in Base.metadata.sorted_tables
            if table.name not in ("model_calls", "model_servers")
        }


@pytest.fixture
def world(embedder: WordsEmbedder) -> dict[str, int]:
    """An attachment nobody spoke of, one undone, a question confirmed, one declined."""
    request = make_request(embedder, TITLE)
    ids = {}
    for name, confidence in (("kept", 0.95), ("undone", 0.95), ("yes", 0.85), ("no", 0.85)):
        ids[name] = submit(f"Export tables as CSV please {name}", run_id=name)
        route_entry(ids[name], embedder, sure(confidence))
    for name, choice in (("yes", "attach"), ("no", "create")):
        press(ask(ids[name], name), choice)
        outcomes.apply_answer(
            session_scope,
            dag_id=DAG,
            run_id=name,
            embedder=embedder,
            judge=TableJudge(),
        )
    with session_scope() as session:
        feedback = session.scalars(
            select(Feedback.id).where(Feedback.entry_id == ids["undone"])
        ).one()
        token = sign("undo", str(feedback), signing_keys(session)[0])
    with session_scope() as session:
        reply = undo.undo_attachment(session, token=token, actor=member("U0ANN"))
        assert reply.status == "recorded"
    return ids | {"request": request}


def table(result: dict[str, Any]) -> dict[tuple[str, str, str], int]:
    return {(row["then"], row["now"], row["people"]): row["count"] for row in result["confusion"]}


def test_the_same_rules_decide_the_same(world: dict[str, int]) -> None:
    judges = {"kept": 0.95, "undone": 0.95, "yes": 0.85, "no": 0.85}
    by_id = {world[name]: sure(confidence) for name, confidence in judges.items()}
    result = replay(
        session_scope,
        SINCE,
        UNTIL,
        judge_of=lambda entry, _: by_id[entry.id],
        rules=Rules(),
        limit=100,
    )
    assert (result["decisions"], result["replayed"], result["differ"]) == (4, 4, 0)
    assert result["then"] == result["now"]
    assert table(result) == {
        ("attach", "attach", "nobody said"): 1,
        ("attach", "attach", "undone"): 1,
        ("ask", "ask", "confirmed"): 1,
        ("ask", "ask", "declined"): 1,
    }


def test_other_rules_are_scored_against_what_people_said(world: dict[str, int]) -> None:
    more = run(sure(0.95))
    assert table(more)["ask", "attach", "confirmed"] == 1
    assert more["now"] == {
        "attached": 4,
        "questions": 0,
        "known": 3,
        "right": 1,
        "wrong_attachments": 2,
        "duplicates": 0,
        "cost": 10,
    }
    fewer = run(sure(0.7))
    assert (fewer["now"]["duplicates"], fewer["now"]["right"]) == (1, 2)
    asking = run(sure(0.95), attach=0.97)
    assert (asking["now"]["questions"], asking["now"]["cost"]) == (4, 4)
    assert asking["differ"] == 2
    listed = {one["entry_id"]: one for one in asking["differing"]}
    assert listed[world["undone"]]["people"] == "undone"
    assert listed[world["kept"]]["now"] == "ask"


def test_nothing_of_the_product_is_written(world: dict[str, int]) -> None:
    before = contents()
    run(sure(0.7))
    assert contents() == before


def test_requests_opened_since_are_not_seen_and_statuses_are_those_of_then(
    world: dict[str, int], embedder: WordsEmbedder
) -> None:
    newer = make_request(embedder, "Export tables as CSV please kept")
    with session_scope() as session:
        session.execute(
            update(Request).where(Request.id == world["request"]).values(status="shipped")
        )
    seen: list[tuple[int, str]] = []

    def judge_of(_: Entry, candidates: Any) -> TableJudge:
        seen.extend((one.request_id, str(one.status)) for one in candidates)
        return sure(0.95)

    result = replay(session_scope, SINCE, UNTIL, judge_of=judge_of, rules=Rules(), limit=100)
    assert newer not in {number for number, _ in seen}
    assert (world["request"], "open") in seen
    # Shipped only later: then it was attached without a question, and so it is now.
    assert result["now"]["attached"] == 4


def test_a_request_that_was_merged_later_was_a_duplicate(
    world: dict[str, int], embedder: WordsEmbedder
) -> None:
    entry_id = submit("Charts have no legend", run_id="c")
    route_entry(entry_id, embedder, sure(0.0))
    with session_scope() as session:
        opened = session.scalars(
            select(Request).where(Request.opened_by_entry_id == entry_id)
        ).one()
        session.add(
            RequestMerge(request_id=opened.id, into_id=world["request"], merged_by="slack:U0ANN")
        )
    result = run(sure(0.0))
    assert table(result)["create", "create", "merged later"] == 1
    assert result["then"]["duplicates"] == 1


def test_a_window_and_a_limit_bound_it(world: dict[str, int]) -> None:
    result = run(sure(0.95), limit=2)
    assert (result["decisions"], result["replayed"]) == (4, 2)
    with session_scope() as session:
        session.execute(update(Decision).values(decided_at=SINCE - timedelta(days=1)))
        session.execute(update(Entry).values(embedding=None, embedding_model=None))
    assert run(sure(0.95))["decisions"] == 0
    earlier = SINCE - timedelta(days=2)
    result = replay(
        session_scope, earlier, UNTIL, judge_of=lambda *_: sure(0.9), rules=Rules(), limit=9
    )
    assert (result["replayed"], result["not_replayed"]) == (0, 4)


def test_the_calibrated_judge_with_another_calibration(world: dict[str, int]) -> None:
    values = {"judge": "calibrated", "calibration": "uncalibrated"}
    result = replay_steps.replay_window(values, SINCE, UNTIL)
    assert result["now"]["attached"] == 0
    assert result["by"]["calibration"] == "uncalibrated"
    for wrong, words in (
        ({"calibration": "none-such"}, "no calibration"),
        ({"attach": 0.5, "ask": 0.9}, "must not be above"),
        ({"model": "m"}, "set judge to it"),
        ({"judge": "model"}, "not defined"),
    ):
        with pytest.raises(FatalError, match=words):
            replay_steps.replay_window(wrong, SINCE, UNTIL)


def test_a_model_or_another_prompt_replays_once_and_its_calls_are_in_the_ledger(
    world: dict[str, int], chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GTM_FEEDBACK_LLM", chat.connection())
    before = contents()
    first = replay_steps.replay_window({"judge": "model"}, SINCE, UNTIL)
    asked = len(chat.seen())
    assert (first["replayed"], first["without_model"], asked) == (4, 0, 4)
    replay_steps.replay_window({"judge": "model"}, SINCE, UNTIL)
    assert len(chat.seen()) == asked
    other = replay_steps.replay_window({"judge": "model", "model": "another"}, SINCE, UNTIL)
    # Nobody has calibrated this pair, so nothing would be attached by itself.
    assert other["now"]["attached"] == 0
    assert {body["model"] for body in chat.seen()[asked:]} == {"another"}
    assert contents() == before
    with pytest.raises(FatalError, match="no prompt 'none-such'"):
        replay_steps.replay_window({"judge": "model", "prompt": "none-such"}, SINCE, UNTIL)
    chat.script("status", status=500, times=100)
    down = replay_steps.replay_window({"judge": "model", "model": "third"}, SINCE, UNTIL)
    assert down["without_model"] == 4
