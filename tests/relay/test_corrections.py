"""Pick another request and Undo: from the question, from the confirmation, and once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.entries import settle as outcomes
from include.relay import background
from include.store.models import Decision, Feedback, Request, RequestFollower
from include.store.session import session_scope
from include.workflows import process_customer_entry as steps
from tests.db.entries.conftest import TableJudge, WordsEmbedder, make_request, submit, tell_of
from tests.relay.conftest import Asked, hook_of

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.relay.conftest import FakeAirflow


def pick(slack: SlackSandbox, ts: str, action_id: str, request_id: int, user: str = "U0ANN") -> Any:
    slack.click(user, "D0ANN", ts, action_id, force=True)
    assert background.drain()
    view = slack.view(user)
    if view is None:
        return None
    chosen = {"text": {"type": "plain_text", "text": "x"}, "value": str(request_id)}
    result = slack.submit(user, {"request": chosen}, repeat=1)
    assert background.drain()
    return result


def apply(asked: Asked) -> None:
    """What the workflow does after the answer."""
    outcomes.apply_answer(
        session_scope,
        dag_id="process_customer_entry",
        run_id="test_1",
        embedder=WordsEmbedder(),
        judge=TableJudge(),
    )
    steps.report(asked.entry_id, run_id="test_1")


def live() -> list[int]:
    with session_scope() as session:
        return list(
            session.scalars(select(Feedback.request_id).where(Feedback.removed_at.is_(None)))
        )


def decisions() -> list[tuple[str, int | None, str | None]]:
    with session_scope() as session:
        rows = session.scalars(select(Decision).order_by(Decision.id))
        return [(row.step, row.request_id, row.actor) for row in rows]


def card(slack: SlackSandbox) -> dict[str, Any]:
    return next(m for m in slack.dm("U0ANN") if m.get("blocks") and "ephemeral_to" not in m)


def shown(slack: SlackSandbox) -> str:
    return json.dumps(card(slack)["blocks"], ensure_ascii=False)


def test_another_request_is_searched_and_answers_the_question(
    workspace: SlackSandbox, asked: Asked
) -> None:
    other = make_request(WordsEmbedder(), "Print tables on paper")
    ts = card(workspace)["ts"]
    workspace.click("U0ANN", "D0ANN", ts, "pick_for_question")
    assert background.drain()
    view = workspace.view("U0ANN")
    assert view is not None
    options = workspace.suggest("U0ANN", "request_search", "print paper", view_id=view["id"])
    assert [option["value"] for option in options] == [str(other)]
    workspace.submit("U0ANN", {"request": options[0]}, repeat=2)
    assert background.drain()

    assert hook_of(asked).answer == {"choice": "attach", "request_id": other}
    assert "<@U0ANN> chose another request" in shown(workspace)
    apply(asked)
    assert live() == [other]
    assert decisions()[1:] == [("answer", other, "slack:U0ANN")]
    assert "|Print tables on paper>" in shown(workspace)


def test_an_answered_card_offers_undo_and_another_pick(
    workspace: SlackSandbox, asked: Asked
) -> None:
    other = make_request(WordsEmbedder(), "Print tables on paper")
    ts = card(workspace)["ts"]
    workspace.click("U0ANN", "D0ANN", ts, "answer_attach")
    assert background.drain()
    apply(asked)
    assert live() == [asked.request_id]

    pick(workspace, ts, "pick_for_feedback", other)
    assert live() == [other]
    assert "Moved from" in shown(workspace)
    workspace.click("U0ANN", "D0ANN", ts, "undo_attachment")
    assert background.drain()

    [last] = live()
    assert last not in (other, asked.request_id)
    assert [step for step, _, _ in decisions()] == ["match", "answer", "pick", "undo"]
    assert {actor for step, _, actor in decisions()[1:]} == {"slack:U0ANN"}
    with session_scope() as session:
        followed = session.scalars(select(RequestFollower.request_id)).all()
    assert followed == [last]


def test_a_request_that_nothing_is_left_on_is_set_aside_and_comes_back(
    workspace: SlackSandbox, asked: Asked
) -> None:
    other = make_request(WordsEmbedder(), "Print tables on paper")
    ts = card(workspace)["ts"]
    workspace.click("U0ANN", "D0ANN", ts, "answer_create")
    assert background.drain()
    apply(asked)
    [opened] = live()

    pick(workspace, ts, "pick_for_feedback", other)
    assert live() == [other]
    with session_scope() as session:
        assert session.get_one(Request, opened).status == "deprioritized"
    workspace.click("U0ANN", "D0ANN", ts, "undo_attachment")
    assert background.drain()
    assert live() == [opened]
    with session_scope() as session:
        assert session.get_one(Request, opened).status == "open"


def test_strangers_late_and_senseless_picks_change_nothing(
    workspace: SlackSandbox, asked: Asked
) -> None:
    other = make_request(WordsEmbedder(), "Print tables on paper")
    ts = card(workspace)["ts"]
    assert pick(workspace, ts, "pick_for_question", other, user="U0BEN") is None
    assert "Only <@U0ANN> can answer" in workspace.dm("U0BEN")[-1]["text"]
    assert pick(workspace, ts, "pick_for_question", 999_999)["ok"]
    assert hook_of(asked).status == "pending"
    workspace.click("U0ANN", "D0ANN", ts, "answer_attach")
    assert background.drain()
    apply(asked)
    same = pick(workspace, ts, "pick_for_feedback", asked.request_id)

    assert same["ok"]
    assert live() == [asked.request_id]
    notes = [m["text"] for m in workspace.dm("U0ANN") if not m.get("blocks")]
    assert any("does not exist any more" in note for note in notes)
    assert any("is on *Export tables as CSV* already" in note for note in notes)


def test_the_search_goes_by_words_when_the_embeddings_are_away(
    workspace: SlackSandbox, asked: Asked
) -> None:
    ts = card(workspace)["ts"]
    workspace.click("U0ANN", "D0ANN", ts, "pick_for_question")
    assert background.drain()
    view = workspace.view("U0ANN")
    assert view is not None
    found = workspace.suggest("U0ANN", "request_search", "csv", view_id=view["id"])
    assert [option["text"]["text"] for option in found] == ["Export tables as CSV"]
    assert workspace.suggest("U0ANN", "request_search", "  ", view_id=view["id"]) == []


def test_what_was_set_aside_is_taken_up_by_its_button_once(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    entry_id = submit("https://crm.example.com/deals/17")
    tell_of(entry_id)
    steps.report(entry_id, run_id="r1")
    [told] = [m for m in workspace.dm("U0ANN") if "set it aside" in m["text"]]
    workspace.click("U0ANN", "D0ANN", told["ts"], "restore_entry", repeat=2)
    assert background.drain()

    [run] = airflow.runs.values()
    assert run["conf"] == {"entry_id": entry_id}
    assert run["dag_id"] == "process_customer_entry"
    [changed] = [m for m in workspace.dm("U0ANN") if m["ts"] == told["ts"]]
    assert "Taken up by <@U0ANN>" in json.dumps(changed["blocks"])
    assert "restore_entry" not in json.dumps(changed["blocks"])
