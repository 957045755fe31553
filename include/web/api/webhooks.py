"""``api/webhooks``: who is called when something happens. For operators."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, HTTPException, Path, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, func, select

from include.base.outbound import checked_url, destination
from include.base.settings import load_settings
from include.outbox.webhooks import new_secret
from include.people.actor import Action, demand
from include.people.audit import write_down
from include.store.locks import AdvisoryLock, hold
from include.store.models import (
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookState,
)
from include.store.session import session_scope
from include.web.guard import OUR_FORM
from include.web.visitor import Visiting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.people.actor import Actor
    from include.web.visitor import Visitor

MOST = 50
LONGEST_URL = 2_000

router = APIRouter(prefix="/webhooks")
WebhookId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class Wanted(BaseModel):
    """What somebody wants to be called about."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=LONGEST_URL, description="Where to POST to.")
    events: list[WebhookEvent] = Field(min_length=1)


class Change(BaseModel):
    """Switching a webhook on or off."""

    model_config = ConfigDict(extra="forbid")

    state: WebhookState


class Shown(BaseModel):
    """A webhook; the secret is told once, when it is made."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    url: str
    events: list[WebhookEvent]
    state: WebhookState
    created_by: str
    created_at: datetime
    failures: int = Field(description="Calls in a row that failed.")
    failing_since: datetime | None
    last_error: str | None
    delivered_at: datetime | None
    waiting: int = Field(0, description="Calls that are still to be made.")


class Made(Shown):
    """A new webhook with the secret that signs its calls."""

    secret: str


class ShownAll(BaseModel):
    """Every webhook."""

    items: list[Shown]


@router.get("")
def list_webhooks(visitor: Visiting) -> ShownAll:
    """Every webhook, with how its calls go."""
    with session_scope() as session:
        _operator(session, visitor)
        waiting = dict(
            session.execute(
                select(WebhookDelivery.webhook_id, func.count())
                .where(WebhookDelivery.state == DeliveryState.PENDING)
                .group_by(WebhookDelivery.webhook_id)
            ).all()
        )
        rows = session.scalars(select(Webhook).order_by(Webhook.id))
        items = [Shown.model_validate(row) for row in rows]
    return ShownAll(
        items=[one.model_copy(update={"waiting": waiting.get(one.id, 0)}) for one in items]
    )


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[OUR_FORM])
def make_webhook(visitor: Visiting, wanted: Wanted) -> Made:
    """Subscribe an address. The answer holds the secret, which is not shown again."""
    url = checked_url(wanted.url)
    # Told now rather than when something has happened; it is looked at again before each call.
    destination(url, allow_private=load_settings().webhook_private_addresses)
    with session_scope() as session:
        actor = _operator(session, visitor)
        hold(session, AdvisoryLock.SUBSCRIBING)
        if (session.scalar(select(func.count(Webhook.id))) or 0) >= MOST:
            raise HTTPException(409, f"there are {MOST} webhooks already; delete one first")
        events = sorted({event.value for event in wanted.events})
        made = Webhook(url=url, secret=new_secret(), events=events, created_by=actor.label)
        session.add(made)
        session.flush()
        session.refresh(made)
        _write_down(session, actor, made.id, "made")
        return Made.model_validate(made)


@router.patch("/{webhook_id}", dependencies=[OUR_FORM])
def change_webhook(visitor: Visiting, webhook_id: WebhookId, change: Change) -> Shown:
    """Switch a webhook off, or on again; what happened while it was off is not told later."""
    with session_scope() as session:
        actor = _operator(session, visitor)
        found = _webhook(session, webhook_id)
        found.state = change.state
        if change.state == WebhookState.ON:
            found.failures, found.failing_since, found.resting_until = 0, None, None
        session.flush()
        _write_down(session, actor, webhook_id, change.state.value)
        return Shown.model_validate(found)


@router.delete("/{webhook_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=[OUR_FORM])
def delete_webhook(visitor: Visiting, webhook_id: WebhookId) -> None:
    """Delete a webhook with its secret and what it was still to be told."""
    with session_scope() as session:
        actor = _operator(session, visitor)
        _webhook(session, webhook_id)
        session.execute(delete(Webhook).where(Webhook.id == webhook_id))
        _write_down(session, actor, webhook_id, "deleted")


def _operator(session: Session, visitor: Visitor) -> Actor:
    actor = visitor.actor(session)
    demand(session, actor, Action.OPERATE)
    return actor


def _write_down(session: Session, actor: Actor, webhook_id: int, what: str) -> None:
    write_down(session, actor, Action.OPERATE, f"webhook:{webhook_id}", what=what)


def _webhook(session: Session, webhook_id: int) -> Webhook:
    found = session.get(Webhook, webhook_id, with_for_update=True)
    if found is None:
        raise HTTPException(404, f"there is no webhook {webhook_id}")
    return found
