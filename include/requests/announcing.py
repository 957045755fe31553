"""What ``new_request`` does: begin the sleep, tell the channels, and see what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.base.settings import load_settings
from include.durable.api import create_sleep
from include.outbox.events import record_event
from include.outbox.messages import queue_message
from include.outbox.runs import queue_run
from include.people.actor import label_of
from include.people.users import slack_user_of
from include.requests.lifecycle import live_evidence, merged_into
from include.requests.lookup import find_request
from include.requests.waking import SLEEP_NAME, Wake
from include.slack.cards import requests as cards
from include.slack.cards.words import person_words
from include.store.models import Area, Request, RequestArea, RequestStatus, RunStartState, User

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from sqlalchemy.orm import Session


def begin(
    session: Session, reference: str, *, dag_id: str, run_id: str, sleep: timedelta
) -> tuple[int, str]:
    """Find the request and begin its sleep, so that it can be woken from now on: id and slug."""
    request = find_request(session, reference)
    queue_run(
        session,
        dag_id,
        run_id,
        {"request": request.slug},
        request_id=request.id,
        state=RunStartState.STARTED,
    )
    create_sleep(session, dag_id=dag_id, run_id=run_id, name=SLEEP_NAME, duration=sleep)
    return request.id, request.slug


def note_opened(session: Session, request_id: int) -> str:
    """Record the analytics event; ``recorded`` or ``deleted``."""
    request = session.get(Request, request_id)
    if request is None:
        return "deleted"
    areas = session.scalars(_areas(request_id)).all()
    record_event(
        session,
        f"opened:{request_id}",
        "request_opened",
        request_id=request_id,
        entry_id=request.opened_by_entry_id,
        actor=_creator_label(session, request),
        slug=request.slug,
        areas=[area.slug for area in areas],
    )
    return "recorded"


def opened_facts(session: Session, request_id: int) -> dict[str, str] | None:
    """What may be said of a request that was opened; None when no channel hears of it."""
    request = session.get(Request, request_id)
    areas = session.scalars(_areas(request_id)).all()
    if request is None or not any(area.slack_channel for area in areas):
        return None
    return {
        "title": request.title,
        "description": request.description,
        "areas": ", ".join(area.name for area in areas),
    }


def queue_firehose(session: Session, request_id: int, words: str | None = None) -> list[int]:
    """Queue one post for each of the areas' channels; the messages' ids.

    ``words`` are sentences to say instead of the request's description.
    """
    request = session.get(Request, request_id)
    if request is None:
        return []
    channels = [area.slack_channel for area in session.scalars(_areas(request_id))]
    card = cards.opened_in_area(
        title=request.title,
        url=load_settings().request_url(request.slug),
        description=request.description,
        by=person_words(_creator_label(session, request)),
        words=words,
    )
    return [
        queue_message(
            session,
            key=f"firehose:{request_id}:{channel}",
            purpose="firehose",
            address=channel,
            body=card.text,
            blocks=card.blocks,
        )
        for channel in dict.fromkeys(channels)
        if channel
    ]


def after_sleep(
    session: Session, request_id: int, waited: Mapping[str, Any]
) -> tuple[dict[str, Any], list[int]]:
    """What became of the request: the result, and the reminder's message if one is due.

    ``outcome`` is ``deleted``, ``merged``, ``shipped``, ``deprioritized``, ``evidence`` (more of
    it arrived while this slept), ``has_feedback`` (it had some before) or ``reminded``.
    """
    woken = (waited.get("answer") or {}).get("reason")
    result = {
        "request_id": request_id,
        "slept": "whole" if waited.get("outcome") == "due" else "woken",
        "woken_by": woken,
    }
    request = session.get(Request, request_id)
    if request is None:
        return result | {"outcome": Wake.DELETED.value, "request": None}, []
    result["request"] = request.slug
    if merged_into(session, request_id) is not None:
        return result | {"outcome": Wake.MERGED.value}, []
    if request.status != RequestStatus.OPEN:
        return result | {"outcome": request.status}, []
    if live_evidence(session, request_id):
        outcome = Wake.EVIDENCE.value if woken == Wake.EVIDENCE else "has_feedback"
        return result | {"outcome": outcome}, []
    return result | {"outcome": "reminded"}, [_queue_reminder(session, request)]


def _queue_reminder(session: Session, request: Request) -> int:
    settings = load_settings()
    card = cards.still_without_feedback(title=request.title, url=settings.request_url(request.slug))
    return queue_message(
        session,
        key=f"no_feedback:{request.id}",
        purpose="reminder",
        address=slack_user_of(session, request.created_by) or settings.review_channel,
        body=card.text,
        blocks=card.blocks,
    )


def _areas(request_id: int) -> Any:
    return (
        select(Area)
        .join(RequestArea, RequestArea.area_id == Area.id)
        .where(RequestArea.request_id == request_id)
        .order_by(Area.slug)
    )


def _creator_label(session: Session, request: Request) -> str | None:
    creator = session.get(User, request.created_by) if request.created_by is not None else None
    if creator is None:
        return None
    return label_of(creator.slack_user_id) if creator.slack_user_id else f"user:{creator.name}"
