"""Shipping and reopening: the status once, each follower told once, whatever is killed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from include.base.errors import FatalError, TransientError
from include.outbox.effects import Report
from include.requests import merging, shipping
from include.store.models import Message, MessageState, Request, RequestStatusChange
from include.store.session import session_scope
from include.workflows import mark_shipped as shipping_steps
from tests.db.requests.conftest import begin_run, follow, make_user, messages, new, sleep_of
from tests.people import member

if TYPE_CHECKING:
    from tests.db.entries.conftest import WordsEmbedder

TITLE = "Export a table as CSV"
BY = member("U0PM")


def ship(slug: str, run_id: str = "s1", **more: Any) -> list[dict[str, Any]]:
    with session_scope() as session:
        return shipping.ship(session, slug, BY, run_id=run_id, **more)


def reopen(slug: str, run_id: str = "o1", **more: Any) -> list[dict[str, Any]]:
    with session_scope() as session:
        return shipping.reopen(session, slug, BY, run_id=run_id, **more)


def result(run_id: str = "s1", dag_id: str = shipping.SHIP) -> dict[str, Any]:
    with session_scope() as session:
        return shipping.result_of(session, dag_id, run_id)


def mark_sent(message_ids: list[int]) -> None:
    with session_scope() as session:
        session.execute(
            update(Message)
            .where(Message.id.in_(message_ids))
            .values(state=MessageState.SENT, sent_at=Message.created_at)
        )


def ids_in(batches: list[dict[str, Any]]) -> list[int]:
    return [message_id for batch in batches for message_id in batch["message_ids"]]


def test_every_follower_is_written_to_once_in_labelled_batches(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    follow(request_id, [make_user(f"p{n}") for n in range(120)])
    batches = ship(slug)
    assert [batch["label"] for batch in batches] == [
        "1 to 50 of 120",
        "51 to 100 of 120",
        "101 to 120 of 120",
    ]
    assert len({message.address for message in messages("shipped")}) == 120
    with session_scope() as session:
        request = session.get_one(Request, request_id)
        assert request.status == "shipped"
        assert request.shipped_at is not None
        [change] = session.scalars(select(RequestStatusChange)).all()
        assert (change.status, change.changed_by) == ("shipped", "slack:U0PM")


def test_a_repeat_of_the_run_sends_only_what_is_left(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    follow(request_id, [make_user(f"p{n}") for n in range(70)])
    first = ids_in(ship(slug))
    mark_sent(first[:60])
    again = ship(slug)
    assert ids_in(again) == first[60:]
    assert [batch["label"] for batch in again] == ["51 to 70 of 70"]
    assert len(messages("shipped")) == 70
    assert result()["notified_count"] == 60
    assert result()["waiting_count"] == 10


def test_another_run_finds_it_shipped_and_tells_nobody(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    follow(request_id, [make_user("ann")])
    mark_sent(ids_in(ship(slug)))
    assert ship(slug, "s2") == []
    assert result("s2") == {
        "request": slug,
        "request_id": request_id,
        "already_shipped": True,
        "notified_count": 0,
        "waiting_count": 0,
        "failed_count": 0,
        "total_followers": 1,
        "unreachable_count": 0,
        "dry_run": False,
        "status_before": "shipped",
    }
    assert result()["already_shipped"] is False
    assert result()["notified_count"] == 1


def test_without_followers_it_ships_and_tells_nobody(embedder: WordsEmbedder) -> None:
    _, slug = new(embedder, TITLE)
    assert ship(slug) == []
    assert result()["already_shipped"] is False
    assert result()["total_followers"] == 0


def test_a_follower_without_slack_is_named_to_the_review_channel(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    follow(request_id, [make_user("ann"), make_user("bob", slack=False)])
    assert len(ids_in(ship(slug))) == 1
    assert result()["unreachable_count"] == 1
    [note] = messages("unreached")
    assert note.address == "#feedback-review"
    assert "bob@example.com" in str(note.blocks)


def test_a_dry_run_changes_nothing(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    follow(request_id, [make_user("ann")])
    assert ship(slug, dry_run=True) == []
    assert result()["total_followers"] == 1
    assert messages("shipped") == []
    with session_scope() as session:
        assert session.get_one(Request, request_id).status == "open"


def test_an_unknown_request_and_a_merged_one_are_fatal(embedder: WordsEmbedder) -> None:
    _, slug = new(embedder, TITLE)
    _, other = new(embedder, "Download as CSV")
    with session_scope() as session:
        merging.merge(session, other, slug, by="t")
    with pytest.raises(FatalError, match="nowhere"):
        ship("nowhere")
    with pytest.raises(FatalError, match=f"into '{slug}'"):
        ship(other)


def test_followers_of_a_merged_request_are_told_once(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    other_id, other = new(embedder, "Download as CSV")
    ann, bob = make_user("ann"), make_user("bob")
    follow(request_id, [ann])
    follow(other_id, [ann, bob])
    with session_scope() as session:
        merging.merge(session, other, slug, by="t")
    ship(slug)
    assert sorted(str(message.address) for message in messages("shipped")) == ["U0ANN", "U0BOB"]


def test_shipping_wakes_the_sleep_of_a_new_request(embedder: WordsEmbedder) -> None:
    _, slug = new(embedder, TITLE)
    begin_run(slug)
    ship(slug)
    assert sleep_of().answer == {"reason": "shipped"}


def test_reopening_tells_those_who_were_told_and_holds_the_rest_back(
    embedder: WordsEmbedder,
) -> None:
    request_id, slug = new(embedder, TITLE)
    follow(request_id, [make_user("ann"), make_user("bob")])
    told, waiting = ids_in(ship(slug))
    mark_sent([told])
    assert len(ids_in(reopen(slug))) == 1
    assert [message.address for message in messages("reopened")] == ["U0ANN"]
    states = {message.id: message.state for message in messages("shipped")}
    assert states == {told: "sent", waiting: "superseded"}
    reopen(slug)
    assert len(messages("reopened")) == 1
    assert result("o1", shipping.REOPEN)["already_open"] is False
    assert reopen(slug, "o2") == []
    assert result("o2", shipping.REOPEN)["already_open"] is True
    with session_scope() as session:
        request = session.get_one(Request, request_id)
        assert (request.status, request.shipped_at) == ("open", None)


def test_shipped_anew_after_reopening_is_told_anew(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    follow(request_id, [make_user("ann")])
    mark_sent(ids_in(ship(slug)))
    reopen(slug)
    assert len(ids_in(ship(slug, "s2"))) == 1
    assert len(messages("shipped")) == 2


def test_a_batch_is_tried_again_until_the_last_try() -> None:
    def deliver(ids: list[int]) -> Report:
        return Report(done_ids=ids[:1], waiting_ids=ids[1:], unavailable="http_503")

    with pytest.raises(TransientError, match="2 of 3 messages wait: http_503"):
        shipping.send_batch([1, 2, 3], is_last_try=False, deliver=deliver)
    assert shipping.send_batch([1, 2, 3], is_last_try=True, deliver=deliver) == {
        "sent": 1,
        "waiting": 2,
    }


def test_with_slack_away_the_messages_stay_for_the_sweep(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    follow(request_id, [make_user("ann")])
    [batch] = ship(slug)
    with pytest.raises(TransientError):
        shipping_steps.send_batch(batch, is_last_try=False)
    assert messages("shipped")[0].state == "pending"


def test_every_follower_is_in_a_batch_though_their_number_is_bounded(
    embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "BATCH", 1)
    monkeypatch.setattr(shipping, "LONGEST", 2)
    request_id, slug = new(embedder, TITLE)
    follow(request_id, [make_user(f"p{n}") for n in range(5)])
    batches = ship(slug)
    assert [batch["label"] for batch in batches] == ["1 to 3 of 5", "4 to 5 of 5"]
    assert sorted(ids_in(batches)) == sorted(message.id for message in messages("shipped"))
