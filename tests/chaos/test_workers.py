"""A worker is killed in the middle of each task of the main job: one outcome, nothing twice."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from include.store.models import Entry, Feedback, Message, Request
from include.store.session import engine, session_scope
from tests.chaos.faults import kill_task
from tests.e2e.conftest import ASKS, ATTACHES, CREATES, DAG, Airflow, card_of, entry_of, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.slack.client import SlackSandbox

# The task, the words that lead there, and a table it writes to: locked, the task stops at it.
TASKS = [
    ("decide_entry", ATTACHES, "entries"),
    ("decide_entry", ATTACHES, "decisions"),
    ("decide_entry", ATTACHES, "feedback"),
    ("decide_entry", CREATES, "requests"),
    ("decide_entry", ASKS, "hooks"),
    ("decide_entry", ASKS, "messages"),
    ("apply_answer", ASKS, "feedback"),
    ("report_outcome", ATTACHES, "messages"),
]


@contextmanager
def locked(table: str) -> Iterator[None]:
    """Nobody writes to a table meanwhile."""
    with engine().connect() as connection, connection.begin():
        connection.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
        yield


@pytest.mark.parametrize(
    ("number", "task_id", "words", "table"),
    [(number, *task) for number, task in enumerate(TASKS)],
    ids=[f"{task_id}-{table}-{number}" for number, (task_id, _, table) in enumerate(TASKS)],
)
def test_a_worker_killed_in_the_middle_of_a_task(
    airflow: Airflow, slack: SlackSandbox, number: int, task_id: str, words: str, table: str
) -> None:
    # Told apart by a number: a word more might lead another way.
    marker = f"[{os.getpid()}{number}]"
    words = f"{words} {marker}"
    if task_id == "apply_answer":
        run_id = airflow.start(words)
        airflow.wait_for_task(run_id, "wait_for_answer", "deferred")
        card = card_of(slack, run_id)
        with locked(table):
            slack.click("U0ANN", "D0ANN", card["ts"], "answer_attach")
            kill_in_the_middle(airflow, run_id, task_id)
    elif task_id == "decide_entry":
        with locked(table):
            run_id = airflow.start(words)
            kill_in_the_middle(airflow, run_id, task_id)
    else:
        run_id = airflow.start(words)
        airflow.wait_for_task(run_id, "decide_entry", "success")
        with locked(table):
            kill_in_the_middle(airflow, run_id, task_id)
    if task_id == "decide_entry" and words.startswith(ASKS):
        airflow.wait_for_task(run_id, "wait_for_answer", "deferred", 180)
        slack.click("U0ANN", "D0ANN", card_of(slack, run_id)["ts"], "answer_attach")
    airflow.finish(run_id, 240)
    entry = entry_of(run_id)
    assert entry.status == "done"
    with session_scope() as session:
        live = select(func.count()).select_from(Feedback).where(Feedback.entry_id == entry.id)
        assert session.scalar(live.where(Feedback.removed_at.is_(None))) == 1
        opened = select(func.count()).select_from(Request)
        assert session.scalar(opened.where(Request.opened_by_entry_id == entry.id)) == (
            1 if words.startswith(CREATES) else 0
        )
        posts = session.scalars(
            select(Message).where(Message.entry_id == entry.id, Message.kind == "post")
        ).all()
    assert {message.state for message in posts} == {"sent"}
    stamps = [message.ts for message in posts]
    shown = [card["ts"] for card in slack.dm("U0ANN") if card["ts"] in stamps]
    assert len(shown) == len(set(stamps)) == len(posts)
    same = [card for card in slack.dm("U0ANN") if marker in str(card)]
    assert len(same) == len([m for m in posts if m.ts in shown]), "a message was posted twice"


def kill_in_the_middle(airflow: Airflow, run_id: str, task_id: str) -> None:
    """Kill the task's process once a statement of it waits for the lock."""

    def is_stopped() -> bool:
        with engine().connect() as connection:
            waiting = connection.execute(
                text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            ).scalar_one()
        return bool(waiting) and airflow.tasks(run_id).get(task_id) == "running"

    until(is_stopped, 90)
    listed = airflow.client.get(f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/{task_id}").json()
    assert kill_task(listed["id"]), "the task's process was not found"


def test_the_entries_of_this_suite_have_one_outcome_each() -> None:
    with session_scope() as session:
        undone = session.scalar(
            select(func.count()).select_from(Entry).where(Entry.status != "done")
        )
        entries = session.scalar(select(func.count()).select_from(Entry))
    assert entries, "the suite made no entry"
    assert undone == 0
