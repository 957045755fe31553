"""Previews of links to the product's pages; outside the company only that the page is private."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from include.base.settings import load_settings
from include.outbox.replies import AnswerReply
from include.people.actor import Action, may
from include.relay.accept import accept
from include.relay.incoming import MalformedPayload, from_event
from include.relay.listeners.reaction_added import is_internal
from include.requests.page_facts import facts_of
from include.requests.pages import page_of
from include.slack.cards import unfurl as unfurls
from include.slack.client import slack_client
from include.slack.errors import read_trouble

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy.orm import Session

    from include.people.actor import Actor
    from include.relay.events import Effect
    from include.store.models.slack import SlackEvent

log = logging.getLogger(__name__)

AT_ONCE = 5
"""Links previewed by one call of Slack."""


def register(app: App) -> None:
    """Attach the listener."""
    app.event("link_shared")(receive)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Take the event if one of its links leads to a page of ours."""
    event, base_url = body["event"], load_settings().pages_url
    links = event.get("links")
    if not isinstance(links, list):
        raise MalformedPayload("'links' is not a list")
    urls = [one.get("url") for one in links if isinstance(one, dict)]
    ours = [url for url in urls if isinstance(url, str) and page_of(url, base_url)]
    if not ours:
        ack()
        return
    payload = {
        "urls": ours,
        "message_ts": event.get("message_ts"),
        "unfurl_id": event.get("unfurl_id"),
        "source": event.get("source"),
        # Without Slack's word that the channel is internal, the preview gives nothing away.
        "is_internal": is_internal(body),
    }
    accept(ack, from_event(body, payload))


def effect(session: Session, event: SlackEvent, actor: Actor) -> AnswerReply:
    """Make the previews; Slack is told after the transaction."""
    told, base_url = event.payload, load_settings().pages_url
    cards = {}
    for url in told["urls"]:
        page = page_of(url, base_url)
        if page is None:
            continue
        if not (told["is_internal"] and may(session, actor, Action.READ)):
            cards[url] = unfurls.private_card()
            continue
        facts = facts_of(session, page)
        if facts is not None:
            cards[url] = unfurls.page_card(facts, url)
    if not cards:
        return AnswerReply("recorded")
    return AnswerReply("recorded", after=partial(_unfurl, event.channel_id, told, cards))


EFFECTS: dict[str, Effect] = {"event:link_shared": effect}


def _unfurl(channel: str | None, told: dict[str, Any], cards: dict[str, dict[str, Any]]) -> None:
    # While a message is being written it has no ts; Slack then names the unfurl by its id.
    by_id = told["source"] == "composer" and told["unfurl_id"]
    place = (
        {"unfurl_id": told["unfurl_id"], "source": told["source"]}
        if by_id
        else {"channel": channel, "ts": told["message_ts"]}
    )
    urls = list(cards)
    for start in range(0, len(urls), AT_ONCE):
        part = {url: cards[url] for url in urls[start : start + AT_ONCE]}
        try:
            slack_client().chat_unfurl(unfurls=part, **place)
        # A preview is a courtesy: the link works without it.
        except Exception as error:
            log.warning("No link preview: %s", read_trouble(error, 1).code)
