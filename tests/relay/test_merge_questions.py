"""Near-duplicates are shown in Slack; a press merges, dismisses or takes it back, once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from include.outbox.sender import deliver
from include.relay import background
from include.requests.merge_questions import answer, queue_questions
from include.requests.merging import merge
from include.requests.related import Pair, save_pairs
from include.store.models import LinkKind, RequestLink, RequestMerge
from include.store.session import session_scope
from tests.db.entries.conftest import MODEL, TableJudge, WordsEmbedder, make_request
from tests.people import member

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.relay.support import Caller


def link(one: int, other: int, confidence: float = 0.95) -> None:
    low, high = sorted((one, other))
    pair = Pair(low, high, LinkKind.DUPLICATE, confidence, "Both ask for <tables> outside.")
    with session_scope() as session:
        save_pairs(session, [pair], model=MODEL, judge=TableJudge(), found_by="test")


def ask() -> list[int]:
    with session_scope() as session:
        message_ids = queue_questions(session)
    deliver(message_ids)
    return message_ids


@pytest.fixture
def pair(relay: Caller) -> tuple[int, int]:
    one = make_request(WordsEmbedder(), "Export a table as CSV")
    other = make_request(WordsEmbedder(), "Download rows as spreadsheet")
    link(one, other)
    return one, other


def card(slack: SlackSandbox) -> dict[str, Any]:
    return next(m for m in slack.messages("C0REVIEW") if m.get("blocks"))


def late(user: str, choice: str) -> str | None:
    """A press on a card as it looked before: the note."""
    with session_scope() as session:
        reply = answer(session, token=_token(session), choice=choice, actor=member(user))
    assert reply.status == "too_late"
    return reply.note


def live() -> list[tuple[int, int, str]]:
    with session_scope() as session:
        rows = session.scalars(select(RequestMerge).where(RequestMerge.undone_at.is_(None)))
        return [(row.request_id, row.into_id, row.merged_by) for row in rows]


def click(slack: SlackSandbox, user: str, action: str) -> None:
    slack.click(user, "C0REVIEW", card(slack)["ts"], action, force=True)
    assert background.drain()


def test_merge_undo_and_a_late_press(workspace: SlackSandbox, pair: tuple[int, int]) -> None:
    one, other = pair
    assert len(ask()) == 1
    assert "Both ask for &lt;tables&gt; outside." in json.dumps(card(workspace)["blocks"])

    click(workspace, "U0ANN", "merge_requests")
    assert live() == [(other, one, "slack:U0ANN")]
    shown = json.dumps(card(workspace)["blocks"])
    assert "merged into *Export a table as CSV* by <@U0ANN>" in shown
    assert "merge_requests" not in shown

    assert late("U0BEN", "dismiss") == "They are merged already, by <@U0ANN>."
    click(workspace, "U0BEN", "undo_merge")
    assert live() == []
    assert "merge_requests" in json.dumps(card(workspace)["blocks"])
    click(workspace, "U0BEN", "merge_requests")
    assert live() == [(other, one, "slack:U0BEN")]
    assert ask() == []


def test_what_is_dismissed_never_comes_back(workspace: SlackSandbox, pair: tuple[int, int]) -> None:
    ask()
    click(workspace, "U0ANN", "dismiss_pair")
    assert "Not the same, said <@U0ANN>" in json.dumps(card(workspace)["blocks"])

    link(*pair, confidence=0.99)
    with session_scope() as session:
        assert session.scalars(select(RequestLink.kind)).all() == ["dismissed"]
        assert session.scalars(select(RequestLink.dismissed_by)).all() == ["slack:U0ANN"]
    assert ask() == []
    assert str(late("U0BEN", "merge")).startswith("<@U0ANN> said on ")
    assert live() == []


def test_twenty_presses_at_once_are_one_merge(pair: tuple[int, int]) -> None:
    from include.durable.api import signing_keys
    from include.durable.keys import sign

    ask()
    with session_scope() as session:
        link_id = session.scalars(select(RequestLink.id)).one()
        token = sign("merge", str(link_id), signing_keys(session)[0])

    def press(number: int) -> str:
        choice = "merge" if number % 2 else "dismiss"
        with session_scope() as session:
            return answer(session, token=token, choice=choice, actor=member(f"U{number}")).status

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(press, range(20)))
    assert sorted(statuses) == ["recorded"] + ["too_late"] * 19
    with session_scope() as session:
        merges = session.scalar(select(func.count(RequestMerge.id))) or 0
        dismissed = session.scalars(select(RequestLink.kind)).one() == "dismissed"
    assert merges + dismissed == 1


def test_the_one_with_more_evidence_stays(pair: tuple[int, int]) -> None:
    from tests.db.requests.conftest import give_evidence

    one, other = pair
    give_evidence(other, "e1")
    ask()
    with session_scope() as session:
        token = _token(session)
        answer(session, token=token, choice="merge", actor=member("U0ANN"))
    assert live() == [(one, other, "slack:U0ANN")]


def test_only_open_unmerged_near_duplicates_are_asked_about(pair: tuple[int, int]) -> None:
    shipped = make_request(WordsEmbedder(), "Print tables", status="shipped")
    third = make_request(WordsEmbedder(), "Save rows to a file")
    link(pair[0], shipped)
    link(pair[0], third, confidence=0.92)
    with session_scope() as session:
        merge(session, "save-rows-to-a-file", "export-a-table-as-csv", by="user:x")
    assert len(ask()) == 1


def test_a_merge_that_cannot_be_made_says_why(pair: tuple[int, int]) -> None:
    third = make_request(WordsEmbedder(), "Save rows to a file")
    ask()
    with session_scope() as session:
        merge(session, "export-a-table-as-csv", "save-rows-to-a-file", by="user:x")
    with session_scope() as session:
        reply = answer(session, token=_token(session), choice="merge", actor=member("U0ANN"))
    assert reply.status == "unknown"
    assert "save-rows-to-a-file" in (reply.note or "")
    assert [row[1] for row in live()] == [third]


@pytest.mark.parametrize("token", ["", "1.x", "undo.1.abc"])
def test_a_forged_button_changes_nothing(pair: tuple[int, int], token: str) -> None:
    with session_scope() as session:
        reply = answer(session, token=token, choice="merge", actor=member("U0ANN"))
    assert reply.status == "unknown"
    assert live() == []


def _token(session: Any) -> str:
    from include.durable.api import signing_keys
    from include.durable.keys import sign

    link_id = session.scalars(select(RequestLink.id)).one()
    return sign("merge", str(link_id), signing_keys(session)[0])
