"""Operators hear once of what is late, and of nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text, update

from include.operations import late as alerts
from include.outbox.runs import queue_run
from include.store.models import Entry, Hook, Message, RunStart
from include.store.session import session_scope
from tests.db.entries.conftest import (
    TableJudge,
    WordsEmbedder,
    ask,
    make_request,
    route_entry,
    submit,
)

if TYPE_CHECKING:
    import pytest


def alert() -> int:
    with session_scope() as session:
        return alerts.queue_alert(session)[0]


def told() -> list[Message]:
    with session_scope() as session:
        return list(session.scalars(select(Message).where(Message.purpose == "late")))


def test_nothing_late_says_nothing(feedback_db: object) -> None:
    submit("Rosters do not print")
    assert alert() == 0
    assert told() == []


def test_a_stuck_entry_is_told_once_until_it_moves_and_sticks_again(feedback_db: object) -> None:
    entry_id = submit("Rosters do not print")

    def stuck(hours: int) -> None:
        with session_scope() as session:
            session.execute(update(Entry).values(updated_at=func.now() - timedelta(hours=hours)))

    stuck(2)
    assert (alert(), alert()) == (1, 0)
    stuck(1)
    assert alert() == 1
    first, second = told()
    assert f"Entry {entry_id} (received)" in str(first.blocks)
    assert "Rosters" not in str(first.blocks) + str(second.blocks)
    assert first.address == "#feedback-review"


def test_a_question_half_way_to_its_expiry_is_late(embedder: WordsEmbedder) -> None:
    make_request(embedder, "Export a table as CSV")
    entry_id = submit("Export a table as CSV now")
    route_entry(entry_id, embedder, TableJudge(**{"export-a-table-as-csv": 0.85}))
    ask(entry_id)
    assert alert() == 0
    with session_scope() as session:
        session.execute(update(Hook).values(reminded_at=func.now()))
        session.execute(
            text(
                "UPDATE hooks SET remind_at = now() - interval '5 days',"
                " expires_at = now() + interval '1 day'"
            )
        )
    assert alert() == 1
    assert "slack:U0ANN" in str(told()[0].blocks)


def test_a_run_that_was_not_started_is_late(feedback_db: object) -> None:
    with session_scope() as session:
        queue_run(session, "new_request", "request__1", {})
    assert alert() == 0
    with session_scope() as session:
        session.execute(update(RunStart).values(created_at=func.now() - timedelta(hours=1)))
    assert alert() == 1


def test_many_are_one_message(feedback_db: object) -> None:
    late = [alerts.Late(f"entry:{n}", f"Entry {n} is late " + "x" * 200) for n in range(400)]
    card = alerts.late_card(late)
    assert card.text.startswith("400 late")
    assert "380 more" in str(card.blocks)
    assert all(len(block["text"]["text"]) <= 3000 for block in card.blocks)


def test_one_more_than_an_alert_tells_is_told_by_the_next(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "TOLD_AT_ONCE", 2)
    ids = [submit(f"Rosters do not print {n}", run_id=f"r{n}") for n in range(3)]
    with session_scope() as session:
        session.execute(update(Entry).values(status="failed"))
    # None of them is mended meanwhile, and what is told already takes no place.
    assert [alert() for _ in range(3)] == [2, 1, 0]
    said = " ".join(str(message.blocks) for message in told())
    assert [said.count(f"Entry {entry_id} (failed)") for entry_id in ids] == [1, 1, 1]
