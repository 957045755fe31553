"""What shipping a request would do, told before it is done; and what it did, told afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.outbox.messages import queue_message
from include.requests.shipping import SHIP, followers_of, result_of, run_record
from include.slack.cards.shipping import outcome_card, reopened_card
from include.store.merges import survivors_of
from include.store.models import Message, MessageState, Request, RequestStatusChange, RunStart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.people.actor import Actor


@dataclass(frozen=True)
class ShipPreview:
    """A request, and whom shipping it would tell.

    ``into`` is the title of the request that it is merged into; ``ship_id`` the one to ship, which
    is then that one. ``shipped_on`` and ``shipped_by`` are set where it has shipped; ``told`` is
    how many heard of it then.
    """

    ship_id: int
    slug: str
    title: str
    status: str
    reachable: int
    unreachable: int
    into: str | None = None
    shipped_on: str | None = None
    shipped_by: str | None = None
    told: int = 0


def preview(session: Session, request_id: int) -> ShipPreview:
    """What shipping the request would do now."""
    request = session.get_one(Request, request_id)
    root_id = survivors_of(session, [request_id]).get(request_id)
    root = session.get_one(Request, root_id) if root_id is not None else request
    people = followers_of(session, root.id)
    reachable = sum(bool(user.slack_user_id) for user in people)
    change = session.scalars(
        select(RequestStatusChange)
        .where(RequestStatusChange.request_id == root.id, RequestStatusChange.status == "shipped")
        .order_by(RequestStatusChange.id.desc())
        .limit(1)
    ).one_or_none()
    has_shipped = root.status == "shipped"
    when = change.changed_at if change is not None else root.shipped_at
    return ShipPreview(
        ship_id=root.id,
        slug=root.slug,
        title=request.title,
        status=root.status,
        reachable=reachable,
        unreachable=len(people) - reachable,
        into=root.title if root_id is not None else None,
        shipped_on=f"{when:%-d %b %Y}" if has_shipped and when is not None else None,
        shipped_by=change.changed_by if has_shipped and change is not None else None,
        told=_told(session, root.id) if has_shipped else 0,
    )


def find_titled(session: Session, said: str) -> Sequence[int]:
    """Requests whose title is just what was said, whatever its case."""
    found = session.scalars(select(Request).where(Request.title.ilike(_literally(said))).limit(2))
    return [request.id for request in found]


def tell_who_asked(
    session: Session, actor: Actor, *, dag_id: str, run_id: str, error: str = ""
) -> int | None:
    """Queue what came of shipping or reopening for the person in Slack who asked; once a run.

    Args:
        session: The caller's transaction.
        actor: Who asked; nobody in Slack is told nothing.
        dag_id: ``mark_shipped`` or ``reopen_request``.
        run_id: Of that DAG.
        error: Why the run failed, where it did.
    """
    if not actor.slack_user_id:
        return None
    known = run_record(session, dag_id, run_id)
    facts: dict[str, Any] = {} if known is None else result_of(session, dag_id, run_id)
    shown = preview(session, known.request_id) if known is not None and known.request_id else None
    if dag_id == SHIP:
        card = outcome_card(shown, facts, error)
    else:
        card = reopened_card(shown.title if shown else None, facts, error)
    return queue_message(
        session,
        key=f"ship_outcome:{run_id}" if dag_id == SHIP else f"{dag_id}_outcome:{run_id}",
        purpose="ship_outcome",
        address=actor.slack_user_id,
        body=card.text,
        blocks=card.blocks,
    )


def _literally(said: str) -> str:
    return said.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _told(session: Session, request_id: int) -> int:
    """How many the last shipping's messages have reached."""
    notes = session.scalars(
        select(RunStart)
        .where(RunStart.request_id == request_id, RunStart.dag_id == SHIP)
        .order_by(RunStart.id.desc())
    )
    ids: list[int] = next(
        (note.conf["message_ids"] for note in notes if note.conf["message_ids"]), []
    )
    sent = select(Message.id).where(Message.id.in_(ids), Message.state == MessageState.SENT)
    return len(session.scalars(sent).all())
