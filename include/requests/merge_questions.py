"""Asking people in Slack whether two requests are one: a card a pair, answered by a press.

A sweep finds near-duplicates and never merges. The surest of them are shown in the review channel,
each pair once ever. *Merge* is the same link as ``merge_requests`` makes and can be taken back on
the card; *Not the same* dismisses the pair, and no sweep brings it up again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased

from include.base.errors import FatalError
from include.base.settings import load_settings
from include.durable.api import signing_keys
from include.durable.keys import InvalidToken, sign, verify
from include.matching.types import UNDELIVERED
from include.outbox.messages import queue_message, queue_update
from include.outbox.replies import AnswerReply
from include.people.actor import Action, may, refusal_words
from include.people.audit import write_down
from include.requests import merging
from include.requests.related import dismiss_pair
from include.slack.cards import requests as cards
from include.slack.cards.markup import markup
from include.slack.cards.words import moment_words, person_words
from include.store.models import (
    LinkKind,
    Message,
    Request,
    RequestLink,
    RequestMerge,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from include.people.actor import Actor
    from include.slack.cards.blocks import Rendered

PURPOSE = "merge_question"
KEY = f"{PURPOSE}:"
MOST_AT_ONCE = 10
"""Cards a pass; the next pass shows the next ones."""

MERGE, DISMISS, UNDO = "merge", "dismiss", "undo"
GONE = "This button is no longer valid. Nothing was changed."


def queue_questions(session: Session, limit: int = MOST_AT_ONCE) -> list[int]:
    """Queue a card for each of the surest near-duplicates nobody was asked about; message ids."""
    low, high = aliased(Request), aliased(Request)
    merged = exists().where(
        RequestMerge.undone_at.is_(None), RequestMerge.request_id.in_([low.id, high.id])
    )
    asked = exists().where(Message.key == func.concat(KEY, RequestLink.id))
    rows = session.execute(
        select(RequestLink, low, high)
        .join(low, low.id == RequestLink.low_id)
        .join(high, high.id == RequestLink.high_id)
        .where(
            RequestLink.kind == LinkKind.DUPLICATE,
            low.status.in_(UNDELIVERED),
            high.status.in_(UNDELIVERED),
            ~merged,
            ~asked,
        )
        .order_by(RequestLink.confidence.desc(), RequestLink.id)
        .limit(limit)
    ).all()
    message_ids = []
    for link, _, _ in rows:
        card = _question(session, link)
        message_ids.append(
            queue_message(
                session,
                key=f"{KEY}{link.id}",
                purpose=PURPOSE,
                address=load_settings().review_channel,
                body=card.text,
                blocks=card.blocks,
            )
        )
    return message_ids


def answer(session: Session, *, token: str, choice: str, actor: Actor) -> AnswerReply:
    """Carry a press out: merge, dismiss, or take the merge back. The first one decides.

    Anybody who sees the card in the review channel may press, as for questions nobody is named for.
    """
    try:
        link_id = int(verify("merge", token, signing_keys(session)))
    except (InvalidToken, ValueError):
        return AnswerReply("unknown", GONE)
    link = session.scalars(
        select(RequestLink).where(RequestLink.id == link_id).with_for_update()
    ).one_or_none()
    if link is None:
        return AnswerReply("unknown", GONE)
    action = Action.UNMERGE if choice == UNDO else Action.MERGE
    if not may(session, actor, action):
        return AnswerReply("not_allowed", refusal_words(actor, action))
    by = actor.label
    lesser, survivor = _order(session, link)
    merged = _live_merge(session, link)
    if choice == UNDO:
        if merged is not None:
            write_down(session, actor, Action.UNMERGE, f"pair:{link.id}")
        return _undo(session, link, merged, by)
    if merged is not None:
        note = markup("They are merged already, by {}.", person_words(merged.merged_by))
        return AnswerReply("too_late", note, _show(session, link, "merged"))
    if link.kind == LinkKind.DISMISSED:
        who, when = person_words(link.dismissed_by), moment_words(link.dismissed_at)
        note = markup("{} said on {} that they are not the same.", who, when)
        return AnswerReply("too_late", note, _show(session, link, "dismissed"))
    if choice == DISMISS:
        write_down(session, actor, Action.MERGE, f"pair:{link.id}", choice=choice)
        dismiss_pair(session, link.low_id, link.high_id, by=by)
        session.flush()
        session.refresh(link)
        return AnswerReply("recorded", None, _show(session, link, "dismissed"))
    reason = f"Near-duplicates, {link.confidence:.2f} sure; confirmed in Slack."
    try:
        merging.merge(session, lesser.slug, survivor.slug, by=by, reason=reason)
    except FatalError as error:
        return AnswerReply("unknown", f"I could not merge them: {error}.")
    write_down(session, actor, Action.MERGE, f"pair:{link.id}", choice=choice)
    return AnswerReply("recorded", None, _show(session, link, "merged"))


def _undo(session: Session, link: RequestLink, merged: RequestMerge | None, by: str) -> AnswerReply:
    if merged is None:
        return AnswerReply(
            "too_late", "They are not merged any more.", _show(session, link, "open")
        )
    merging.unmerge(session, session.get_one(Request, merged.request_id).slug, by=by)
    return AnswerReply("recorded", None, _show(session, link, "open"))


def _show(session: Session, link: RequestLink, state: str) -> list[int]:
    """Queue the card as the pair stands now."""
    merges = session.scalars(
        select(RequestMerge.id).where(_of_pair(link)).order_by(RequestMerge.id)
    ).all()
    card = _question(session, link) if state == "open" else _closed(session, link)
    message_id = queue_update(
        session,
        key=f"{KEY}{link.id}:{state}:{len(merges)}",
        target_key=f"{KEY}{link.id}",
        body=card.text,
        blocks=card.blocks,
    )
    return [message_id] if message_id is not None else []


def _question(session: Session, link: RequestLink) -> Rendered:
    lesser, survivor = _order(session, link)
    return cards.merge_question(
        lesser=_side(session, lesser),
        survivor=_side(session, survivor),
        confidence=link.confidence,
        reason=link.reason,
        token=_token(session, link),
    )


def _closed(session: Session, link: RequestLink) -> Rendered:
    lesser, survivor = _order(session, link)
    merged = _live_merge(session, link)
    if merged is None:
        who, when = person_words(link.dismissed_by), moment_words(link.dismissed_at)
        verdict = markup("Not the same, said {} on {}.", who, when)
    else:
        who, when = person_words(merged.merged_by), moment_words(merged.merged_at)
        gone = session.get_one(Request, merged.request_id)
        into = session.get_one(Request, merged.into_id)
        lost, kept = cards.title_of(gone.title), cards.title_of(into.title)
        verdict = markup("{} merged into {} by {} on {}.", lost, kept, who, when)
    return cards.merge_answered(
        lesser=_side(session, lesser),
        survivor=_side(session, survivor),
        verdict=verdict,
        token=_token(session, link) if merged is not None else None,
    )


def _side(session: Session, request: Request) -> cards.Side:
    totals = merging.totals_of(session, request.id)
    url = load_settings().request_url(request.slug)
    return cards.Side(request.title, url, totals.feedback, totals.accounts)


def _order(session: Session, link: RequestLink) -> tuple[Request, Request]:
    """The one to be merged, and the one that stays: it has more evidence, or is the older one."""
    low, high = session.get_one(Request, link.low_id), session.get_one(Request, link.high_id)
    more = (
        merging.totals_of(session, high.id).feedback > merging.totals_of(session, low.id).feedback
    )
    return (low, high) if more else (high, low)


def _of_pair(link: RequestLink) -> ColumnElement[bool]:
    return or_(
        (RequestMerge.request_id == link.low_id) & (RequestMerge.into_id == link.high_id),
        (RequestMerge.request_id == link.high_id) & (RequestMerge.into_id == link.low_id),
    )


def _live_merge(session: Session, link: RequestLink) -> RequestMerge | None:
    return session.scalars(
        select(RequestMerge).where(_of_pair(link), RequestMerge.undone_at.is_(None))
    ).one_or_none()


def _token(session: Session, link: RequestLink) -> str:
    return sign("merge", str(link.id), signing_keys(session)[0])
