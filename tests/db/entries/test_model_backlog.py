"""A backlog with a language model: decided and taken apart as one entry alone would be."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text, update

from include.clients.language_model import find_agent
from include.entries import take_apart as pains
from include.entries import tell as telling
from include.entries.decide import Means, decide_range
from include.store.models import Decision, Entry, Request
from include.store.session import session_scope
from include.workflows import import_feedback as import_steps
from tests.db.entries.conftest import TableJudge, WordsEmbedder, make_area, make_request, submit
from tests.db.entries.test_model_judge import PAIN, TITLE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tests.chat import Chat


@pytest.mark.usefixtures("calibrated")
def test_a_backlog_is_decided_with_the_model(
    model: Chat, embedder: WordsEmbedder, session: Session
) -> None:
    make_area("billing")
    wanted = make_request(embedder, TITLE)
    ids = [submit(PAIN, f"r{number}") for number in range(3)]
    ids.append(submit("Billing shows the wrong tax for Norway.", "r3"))
    with session_scope() as own:
        own.execute(text("UPDATE entries SET dag_id = 'drain_backlog', run_id = 'd1'"))
    judge = TableJudge(**{"export-the-invoice-table-as-a-spreadsheet": 0.4})
    process = partial(
        decide_range,
        session_scope,
        ids[0],
        ids[-1],
        Means(embedder, judge, agent=find_agent()),
        dag_id="drain_backlog",
        run_id="d1",
        quiet=True,
    )
    assert process() == {"attached": 3, "created": 1, "asked": 0}
    decided = session.scalars(select(Decision).order_by(Decision.entry_id)).all()
    assert [one.judge for one in decided] == ["model"] * 4
    assert [one.request_id for one in decided[:3]] == [wanted] * 3
    made = session.get_one(Request, decided[3].request_id)
    assert made.title == "Billing shows the wrong tax for Norway"
    assert len(model.seen()) == 5
    assert process() == {"attached": 0, "created": 0, "asked": 0}


@pytest.mark.usefixtures("calibrated", "model")
def test_a_backlog_takes_several_pains_apart(
    embedder: WordsEmbedder, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    monkeypatch.setattr(pains, "start_runs", started.extend)
    whole = submit("Please let us export the invoice table as spreadsheet.", "r0")
    several = submit(
        "Our table export times out on large tables, so we copy everything by hand each month. "
        "Single sign-on fails every Monday morning for all of us, and nobody knows why.",
        "r1",
    )
    of_run = {"dag_id": "drain_backlog", "run_id": "d1"}
    with session_scope() as own:
        own.execute(update(Entry).values(**of_run))
    means = Means(embedder, TableJudge(), agent=find_agent())
    counts = decide_range(session_scope, whole, several, means, **of_run, quiet=True)
    assert counts == {"attached": 0, "created": 1, "asked": 0}
    parts = session.scalars(select(Entry).where(Entry.parent_id == several)).all()
    assert [one.customer_pain.split()[0] for one in parts] == ["Our", "Single"]
    assert len(started) == 2
    assert session.get_one(Entry, several).outcome == "split"
    assert session.scalars(select(Decision.entry_id)).all() == [whole]
    # The pains' own runs tell of them; nothing is left to be told here.
    assert import_steps.report(**of_run, facts=None)["split"] == 1
    assert telling.untold(session, **of_run) == (0, 1)
    assert len(telling.tell_run(session, **of_run)) == 1
    assert telling.untold(session, **of_run) == (0, 0)
