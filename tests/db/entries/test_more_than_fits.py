"""What is one more than a bound is not lost: it is done in portions, or by a next step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.engine.dag_ids import MAIN_DAG
from include.entries import questions, thread_reply
from include.entries.decide import Means, Way, decide
from include.store.models import Entry, Hook, RunStart, SlackCapture
from include.store.session import session_scope
from include.workflows import import_feedback as steps
from tests.db.entries.conftest import DAG, TableJudge, WordsEmbedder, make_request, submit

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_question_more_than_a_run_holds_is_asked_by_a_run_of_its_own(
    embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "MOST_GROUPS", 2)
    monkeypatch.setattr(steps, "sweep", lambda *_: None)
    titles = ("Export tables", "Dark theme", "Faster search")
    for title in titles:
        make_request(embedder, title)
    judge = TableJudge(**{title.lower().replace(" ", "-"): 0.85 for title in titles})
    ids = [submit(f"We need this: {title}", source="import", external_id=title) for title in titles]
    means = Means(embedder, judge)
    assert set(decide(session_scope, ids, means, run_id="r1").values()) == {Way.ASK}

    groups = steps.ask_questions(dag_id=DAG, run_id="r1", ask=None)

    assert len(groups) == 2
    with session_scope() as session:
        [start] = session.scalars(select(RunStart).where(RunStart.dag_id == MAIN_DAG)).all()
        [left] = session.scalars(select(Entry).where(Entry.run_id != "r1")).all()
        assert (start.conf, start.run_id) == ({"entry_id": left.id}, left.run_id)
        left_id, run_id = left.id, left.run_id
    # What the run of its own does: the decision is there, so it asks.
    assert decide(session_scope, [left_id], means, run_id=run_id) == {left_id: Way.ASK}
    with session_scope() as session:
        for group in questions.plan_groups(session, dag_id=MAIN_DAG, run_id=run_id):
            questions.ask(session, group, dag_id=MAIN_DAG, run_id=run_id)
    with session_scope() as session:
        asked = [hook.question["entries"][0][0] for hook in session.scalars(select(Hook))]
    assert sorted(asked) == sorted(ids)
    assert len(steps.ask_questions(dag_id=DAG, run_id="r1", ask=None)) == 2


def test_an_emoji_more_than_a_portion_is_shown_and_what_slack_refuses_is_counted(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread_reply, "EMOJI_AT_ONCE", 2)
    marked: list[str] = []
    refused = {"1.1"}

    def show(_client: object, _channel: str, ts: str, *_emoji: str | None) -> bool:
        marked.append(ts)
        return ts not in refused

    monkeypatch.setattr(thread_reply.status_emoji, "show", show)
    wanted = [f"1.{number}" for number in range(1, 6)]
    with session_scope() as session:
        for ts in wanted:
            session.add(
                SlackCapture(
                    key=ts,
                    channel="C1",
                    message_ts=ts,
                    slack_user_id="U0ANN",
                    dag_id="d",
                    run_id="r",
                    emoji_wanted="white_check_mark",
                )
            )
    assert thread_reply.sync_emoji(session_scope, run_id="r", client=object()) == 1
    assert sorted(marked) == wanted

    # Where Slack takes none, nobody waits for all the others to be refused as well.
    with session_scope() as session:
        for mark in session.scalars(select(SlackCapture)):
            mark.emoji_shown = None
    refused |= set(wanted)
    marked.clear()
    assert thread_reply.sync_emoji(session_scope, client=object()) == 5
    assert len(marked) == 2


def test_every_line_of_a_file_is_stored_decided_and_asked_about_in_portions(
    embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, bound in (("STORED_AT_ONCE", 2), ("SHOWN_PROBLEMS", 1), ("ASKED_AT_ONCE", 1)):
        monkeypatch.setattr(steps, name, bound)
    monkeypatch.setattr("include.entries.decide.CHUNK", 2)
    monkeypatch.setattr(questions, "MOST_ENTRIES", 2)
    monkeypatch.setattr(steps, "sweep", lambda *_: None)
    monkeypatch.setattr(steps, "deliver", lambda _ids: None)
    make_request(embedder, "Export tables")
    judge = TableJudge(**{"export-tables": 0.85})
    monkeypatch.setattr(steps.one_entry, "means_of", lambda *_args, **_more: Means(embedder, judge))
    lines = [json.dumps({"customer_pain": f"Export tables, number {n}"}) for n in range(7)]
    (tmp_path / "file.jsonl").write_text("\n".join([*lines, "{", "["]), encoding="utf-8")
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps({"import_roots": [str(tmp_path)]}))
    run = {"dag_id": DAG, "run_id": "r1"}

    batches, facts = steps.store_file(
        {"path": str(tmp_path / "file.jsonl"), "batch_size": 3}, **run
    )
    assert (facts["stored"], facts["bad_lines"]) == (7, 2)
    assert (len(facts["problems"]), facts["problems_not_listed"]) == (1, 1)
    asked = [
        steps.match_batch(one, is_last_try=True, quiet=True, **run)["asked"] for one in batches
    ]
    assert asked == [3, 3, 1]
    groups = steps.ask_questions(ask=None, **run)
    assert [len(group["entries"]) for group in groups] == [2, 2, 2, 1]
    with session_scope() as session:
        hooks = session.scalars(select(Hook)).all()
        about = [entry_id for hook in hooks for entry_id, _ in hook.question["entries"]]
        assert sorted(about) == sorted(session.scalars(select(Entry.id)))
