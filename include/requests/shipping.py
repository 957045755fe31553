"""Shipping a request, and reopening it: the status once, and each follower told once.

The messages are written in the transaction that changes the status. Whatever is killed afterwards,
what is not sent yet is in the ledger, and what is sent is not sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.errors import FatalError, TransientError
from include.base.settings import load_settings
from include.outbox.messages import queue_message
from include.outbox.runs import queue_run
from include.people.actor import Action, Standing
from include.people.audit import claimed_label, write_down
from include.requests.lifecycle import merged_into, set_status
from include.requests.lookup import find_request
from include.requests.merging import family_of
from include.slack.cards import requests as cards
from include.slack.cards.markup import Markup, markup
from include.slack.cards.words import person_words
from include.store.models import (
    Message,
    MessageState,
    Request,
    RequestFollower,
    RequestStatus,
    RunStart,
    RunStartState,
    User,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.orm import Session

    from include.outbox.effects import Report
    from include.people.actor import Actor
    from include.slack.cards.blocks import Rendered

SHIP, REOPEN = "mark_shipped", "reopen_request"
BATCH = 50
LONGEST = 200
"""Followers in one mapped task, and how many such tasks there are at most."""


def ship(
    session: Session, reference: str, actor: Actor, *, run_id: str, dry_run: bool = False
) -> list[dict[str, Any]]:
    """Set the status and queue a message for each follower; the batches of messages to send.

    Nothing to send: no followers, a dry run, or a request that had shipped before this run. A
    repeat by the same run returns the same batches.

    Raises:
        FatalError: there is no such request, or it is merged into another.
    """
    request = find_request(session, reference, lock=True)
    known = run_record(session, SHIP, run_id)
    if known is not None:
        return batches_of(session, known.conf["message_ids"])
    if (into := merged_into(session, request.id)) is not None:
        other = session.get_one(Request, into)
        raise FatalError(f"{request.slug!r} is merged into {other.slug!r}; ship that one")
    followers = followers_of(session, request.id)
    facts = _facts(request, followers, dry_run) | {"already": request.status == "shipped"}
    if dry_run or facts["already"]:
        return _note(session, SHIP, run_id, request, facts, [])
    change = set_status(session, request, RequestStatus.SHIPPED, by=actor.label)
    if change is None:  # pragma: no cover - the row is locked
        raise TransientError(f"the status of {request.slug!r} changed meanwhile")
    write_down(session, actor, Action.SHIP, f"request:{request.id}", status="shipped")
    card = cards.shipped(**_card_facts(request, actor))
    ids = _queue(session, "shipped", change.id, [u for u in followers if u.slack_user_id], card)
    _tell_unreached(session, "shipped", change.id, request, followers, "has shipped")
    return _note(session, SHIP, run_id, request, facts, ids)


def reopen(
    session: Session, reference: str, actor: Actor, *, run_id: str, dry_run: bool = False
) -> list[dict[str, Any]]:
    """Open a shipped request again; tell those who were told that it shipped, and only them.

    A message about the shipping that has not gone out is not sent any more. A request that is not
    shipped keeps its status: a card from before may be pressed when it is planned again.

    Raises:
        FatalError: there is no such request.
    """
    request = find_request(session, reference, lock=True)
    known = run_record(session, REOPEN, run_id)
    if known is not None:
        return batches_of(session, known.conf["message_ids"])
    told = _told(session, request.id)
    facts = _facts(request, told, dry_run) | {"already": request.status != "shipped"}
    if dry_run or facts["already"]:
        return _note(session, REOPEN, run_id, request, facts, [])
    change = set_status(session, request, RequestStatus.OPEN, by=actor.label)
    if change is None:  # pragma: no cover - the row is locked
        raise TransientError(f"the status of {request.slug!r} changed meanwhile")
    write_down(session, actor, Action.SHIP, f"request:{request.id}", status="open")
    _hold_back(session, request.id)
    ids = _queue(
        session, "reopened", change.id, told, cards.reopened(**_card_facts(request, actor))
    )
    return _note(session, REOPEN, run_id, request, facts, ids)


def send_batch(
    message_ids: list[int],
    *,
    is_last_try: bool,
    deliver: Callable[[list[int]], Report],
) -> dict[str, int]:
    """Send a batch; what is sent already is left alone.

    Raises:
        TransientError: some could not be sent now. On the last try they are left to the sweep.
    """
    report = deliver(message_ids)
    if report.waiting_ids and not is_last_try:
        raise TransientError(
            f"{len(report.waiting_ids)} of {len(message_ids)} messages wait: "
            f"{report.unavailable or 'Slack asked to wait'}"
        )
    return {"sent": report.done, "waiting": len(report.waiting_ids)}


def result_of(session: Session, dag_id: str, run_id: str) -> dict[str, Any]:
    """What happened, from the ledger: also right when messages went out later."""
    known = run_record(session, dag_id, run_id)
    if known is None:
        raise FatalError(f"run {run_id} of {dag_id} has done nothing yet; clear its first task")
    states = dict(
        session.execute(
            select(Message.state, func.count(Message.id))
            .where(Message.id.in_(known.conf["message_ids"]))
            .group_by(Message.state)
        ).all()
    )
    facts = dict(known.conf["facts"])
    already = facts.pop("already")
    return {
        "request": known.conf["request"],
        "request_id": known.request_id,
        "already_shipped" if dag_id == SHIP else "already_open": already,
        "notified_count": states.get(MessageState.SENT, 0),
        "waiting_count": states.get(MessageState.PENDING, 0) + states.get(MessageState.SENDING, 0),
        "failed_count": states.get(MessageState.FAILED, 0),
        **facts,
    }


def run_record(session: Session, dag_id: str, run_id: str) -> RunStart | None:
    """What a run has noted of itself, if it got so far."""
    return session.scalars(
        select(RunStart).where(RunStart.dag_id == dag_id, RunStart.run_id == run_id)
    ).one_or_none()


def batches_of(session: Session, message_ids: list[int]) -> list[dict[str, Any]]:
    """Messages in batches for mapped tasks, with a label each; sent ones are left out."""
    still = set(
        session.scalars(
            select(Message.id).where(
                Message.id.in_(message_ids),
                Message.state.in_((MessageState.PENDING, MessageState.SENDING)),
            )
        )
    )
    total = len(message_ids)
    size = max(BATCH, -(-total // LONGEST))
    batches = []
    for start in range(0, total, size):
        ids = [one for one in message_ids[start : start + size] if one in still]
        if ids:
            label = f"{start + 1} to {min(start + size, total)} of {total}"
            batches.append({"label": label, "message_ids": ids})
    return batches


def _note(
    session: Session,
    dag_id: str,
    run_id: str,
    request: Request,
    facts: dict[str, Any],
    message_ids: list[int],
) -> list[dict[str, Any]]:
    conf = {"request": request.slug, "facts": facts, "message_ids": message_ids}
    state = RunStartState.STARTED
    queue_run(session, dag_id, run_id, conf, request_id=request.id, state=state)
    return batches_of(session, message_ids)


def _facts(request: Request, people: list[User], dry_run: bool) -> dict[str, Any]:
    reachable = sum(bool(user.slack_user_id) for user in people)
    return {
        "total_followers": len(people),
        "unreachable_count": len(people) - reachable,
        "dry_run": dry_run,
        "status_before": request.status,
    }


def _card_facts(request: Request, actor: Actor) -> dict[str, Any]:
    return {
        "title": request.title,
        "url": load_settings().request_url(request.slug),
        "by": _by_words(actor),
    }


def _by_words(actor: Actor) -> Markup:
    if actor.standing is Standing.PROGRAM:
        return markup("an operator")
    by = person_words(actor.label)
    if actor.claimed is None:
        return by
    return markup("{}, for {}", by, person_words(claimed_label(actor.claimed)))


def followers_of(session: Session, request_id: int) -> list[User]:
    """Who follows a request or one that is merged into it."""
    following = select(RequestFollower.user_id).where(
        RequestFollower.request_id.in_(family_of(session, request_id))
    )
    return list(session.scalars(select(User).where(User.id.in_(following)).order_by(User.id)))


def _queue(
    session: Session, what: str, change_id: int, people: Iterable[User], card: Rendered
) -> list[int]:
    return [
        queue_message(
            session,
            key=f"{what}:{change_id}:{user.id}",
            purpose=what,
            address=user.slack_user_id or "",
            body=card.text,
            blocks=card.blocks,
        )
        for user in people
    ]


def _tell_unreached(
    session: Session,
    what: str,
    change_id: int,
    request: Request,
    people: list[User],
    happened: str,
) -> None:
    names = [u.name or u.email or f"user {u.id}" for u in people if not u.slack_user_id]
    if not names:
        return
    settings = load_settings()
    card = cards.not_reached(
        title=request.title,
        url=settings.request_url(request.slug),
        people=names,
        what=happened,
    )
    queue_message(
        session,
        key=f"{what}:{change_id}:unreached",
        purpose="unreached",
        address=settings.review_channel,
        body=card.text,
        blocks=card.blocks,
    )


def _last_ship_ids(session: Session, request_id: int) -> list[int]:
    notes = session.scalars(
        select(RunStart)
        .where(RunStart.request_id == request_id, RunStart.dag_id == SHIP)
        .order_by(RunStart.id.desc())
    )
    return next((note.conf["message_ids"] for note in notes if note.conf["message_ids"]), [])


def _told(session: Session, request_id: int) -> list[User]:
    """Those whom the last shipping's message reached, or may be reaching at this moment."""
    keys = session.scalars(
        select(Message.key).where(
            Message.id.in_(_last_ship_ids(session, request_id)),
            Message.state.in_((MessageState.SENT, MessageState.SENDING)),
        )
    )
    ids = [int(key.rsplit(":", 1)[1]) for key in keys]
    return list(session.scalars(select(User).where(User.id.in_(ids)).order_by(User.id)))


def _hold_back(session: Session, request_id: int) -> None:
    pending = select(Message).where(
        Message.id.in_(_last_ship_ids(session, request_id)), Message.state == MessageState.PENDING
    )
    for message in session.scalars(pending.with_for_update(skip_locked=True)):
        message.state = MessageState.SUPERSEDED
