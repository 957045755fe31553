"""What the tasks of ``weekly_digest`` call: making a week's digest, and posting it once."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.base.connections import MissingConnection
from include.base.errors import FatalError, TransientError
from include.base.settings import load_settings
from include.clients.language_model import find_agent
from include.insights.asof import database_now, week_of
from include.insights.charts import describe_days, feedback_png
from include.insights.digest import week_end
from include.insights.digest_store import (
    channels,
    count_digest,
    digest_of,
    find_digest,
    keep_digest,
    note_chart,
)
from include.outbox.messages import queue_message
from include.slack.cards.digest import area_card, digest_card, figures_words
from include.store.models import Area, Message, MessageState
from include.store.session import session_scope

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from include.base.settings import Settings
    from include.insights.digest import DigestContent

log = logging.getLogger(__name__)

WEEK = timedelta(days=7)
PURPOSE = "digest"
_REFUSED_BLOCKS = ("invalid_blocks", "invalid_blocks_format", "invalid_arguments")


def make(as_of: datetime, *, run_id: str) -> str:
    """Count and store the week that ended last before ``as_of``; returns it, ``2026-W47``.

    A digest that was posted stays as it was posted.
    """
    settings = load_settings()
    with session_scope() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        week = week_of(week_end(as_of))
        is_posted = _message(session, _key(week)) is not None
        if is_posted and find_digest(session, week):
            return week
        content = count_digest(session, as_of, area_slugs=settings.digest_areas)
    content = replace(content, opening=_opening(content))
    with session_scope() as session:
        keep_digest(session, content, run_id=run_id)
    return content.week


def _opening(content: DigestContent) -> str:
    """A model's one or two sentences about the week; empty where none is set."""
    agent = find_agent()
    if agent is None:
        return ""
    from include.agents.narrative import narrate_digest

    figures = figures_words(content.as_dict())
    return narrate_digest(agent, figures, key=f"digest:{content.week}") or ""


def post(week: str, *, dry_run: bool, is_last_try: bool) -> dict[str, Any]:
    """Post a stored digest, once a week however often this runs; returns what was done.

    ``status`` is ``posted``, ``queued`` (Slack is away, the sweep sends it), ``dry_run``,
    ``past_week`` or ``no_channel`` (these three: stored only).

    Raises:
        TransientError: Slack did not take the chart; at the last try the digest goes without it.
        FatalError: Slack refused the digest; mend what the message says and clear the task, and
            it is tried again.
    """
    settings = load_settings()
    with session_scope() as session:
        digest = digest_of(session, week)
        is_past = digest.as_of + WEEK <= database_now(session)
        is_known = _message(session, _key(week)) is not None
    result: dict[str, Any] = {"week": week, "messages": 0, "chart": False}
    if dry_run:
        return result | {"status": "dry_run"}
    if is_past and not is_known:
        return result | {"status": "past_week"}
    if not settings.digest_channel:
        return result | {"status": "no_channel"}
    if not is_known:
        chart = _chart(week, is_last_try=is_last_try)
        with session_scope() as session:
            _queue(session, week, settings, chart)
    else:
        with session_scope() as session:
            _try_refused_again(session, week, settings)
    _deliver(week, settings)
    with session_scope() as session:
        message = _message(session, _key(week))
        # Slack refuses a block whose file it cannot show; a refused message was not posted.
        is_about_blocks = message is not None and message.error in _REFUSED_BLOCKS
        if is_about_blocks:
            _queue_without_chart(session, week, settings)
    if is_about_blocks:
        _deliver(week, settings)
    return result | _outcome(week)


def _key(week: str) -> str:
    return f"digest:{week}"


def _plain_key(week: str) -> str:
    return f"digest:{week}:plain"


def _message(session: Session, key: str) -> Message | None:
    return session.scalars(select(Message).where(Message.key == key)).one_or_none()


def _chart(week: str, *, is_last_try: bool) -> str | None:
    """The uploaded chart's id; None when Slack does not take it at the last try."""
    from include.outbox.uploads import upload_image, wait_until_ready

    with session_scope() as session:
        digest = digest_of(session, week)
        days, file_id = digest.content["days"], digest.chart_file_id
    try:
        if file_id is None:
            file_id = upload_image(
                feedback_png(days),
                filename=f"feedback-{week}.png",
                title=f"Feedback per day, {week}",
                alt_text=describe_days(days),
            )
            with session_scope() as session:
                note_chart(session, week, file_id)
        wait_until_ready(file_id)
    except (TransientError, MissingConnection) as error:
        if isinstance(error, TransientError) and not is_last_try:
            raise
        log.warning("The digest of %s goes without its chart: %s", week, error)
        return None
    return file_id


def _queue(session: Session, week: str, settings: Settings, chart: str | None) -> None:
    content = digest_of(session, week).content
    card = digest_card(
        content,
        request_url=settings.request_url,
        chart_file_id=chart,
        chart_words=describe_days(content["days"]),
    )
    queue_message(
        session,
        key=_key(week),
        purpose=PURPOSE,
        address=settings.digest_channel,
        body=card.text,
        blocks=card.blocks,
    )
    parts = content["areas"]
    for slug, channel in channels(session, list(parts)).items():
        name = session.scalars(select(Area.name).where(Area.slug == slug)).one()
        part = area_card(name, content, parts[slug], request_url=settings.request_url)
        queue_message(
            session,
            key=f"{_key(week)}:area:{slug}",
            purpose=PURPOSE,
            address=channel,
            body=part.text,
            blocks=part.blocks,
        )


def _queue_without_chart(session: Session, week: str, settings: Settings) -> None:
    content = digest_of(session, week).content
    card = digest_card(content, request_url=settings.request_url)
    queue_message(
        session,
        key=_plain_key(week),
        purpose=PURPOSE,
        address=settings.digest_channel,
        body=card.text,
        blocks=card.blocks,
    )


def _try_refused_again(session: Session, week: str, settings: Settings) -> None:
    """Let what Slack refused go once more, to the channels the settings name now."""
    refused = [
        message
        for message in _messages(session, week)
        if message.state == MessageState.FAILED and message.error not in _REFUSED_BLOCKS
    ]
    slugs = {message.key: message.key.rpartition(":")[2] for message in refused}
    found = channels(session, list(slugs.values()))
    for message in refused:
        is_part = message.key.startswith(f"{_key(week)}:area:")
        message.address = found.get(slugs[message.key]) if is_part else settings.digest_channel
        message.address = message.address or settings.digest_channel
        message.state, message.error, message.not_before = MessageState.PENDING, None, None


def _messages(session: Session, week: str) -> list[Message]:
    prefix = Message.key.startswith(_key(week), autoescape=True)
    return list(session.scalars(select(Message).where(prefix).order_by(Message.id)))


def _deliver(week: str, settings: Settings) -> None:
    """Send what is queued for the week, after the commit of what queued it."""
    from include.outbox.sender import deliver

    with session_scope() as session:
        ids = [message.id for message in _messages(session, week)]
    deliver(ids, review_channel=settings.review_channel)


def _outcome(week: str) -> dict[str, Any]:
    with session_scope() as session:
        messages = _messages(session, week)
        by_key = {message.key: message for message in messages}
        main = by_key.get(_plain_key(week)) or by_key[_key(week)]
        if main.state == MessageState.FAILED:
            raise FatalError(
                f"Slack refused the digest of {week} in {main.address}: {main.error}. Mend the "
                "setting 'digest_channel' or the app's scopes, then clear this task."
            )
        return {
            "status": "posted" if main.state == MessageState.SENT else "queued",
            "messages": sum(message.state == MessageState.SENT for message in messages),
            "chart": any(block["type"] == "image" for block in main.blocks),
        }
