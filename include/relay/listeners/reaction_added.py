"""The emoji ``:gtm-feedback:`` on a message: a run that takes the message as feedback."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.base.settings import load_settings
from include.entries.slack_capture import may_begin_anew, message_key
from include.relay.accept import accept
from include.relay.incoming import MalformedPayload, event_key, from_event
from include.store.session import session_scope

if TYPE_CHECKING:
    from slack_bolt import Ack, App

DAG_ID = "ingest_slack_feedback_from_reaction"

_SLACK_ID = re.compile(r"[A-Z0-9]{2,60}")
_TS = re.compile(r"[0-9]{1,20}\.[0-9]{1,20}")


def register(app: App) -> None:
    """Attach the listener."""
    app.event("reaction_added")(receive)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Take the reaction if it is the one; the app's own messages are no feedback."""
    event = body["event"]
    name, user, item = event.get("reaction"), event.get("user"), event.get("item")
    # A skin tone is part of the name: thumbsup::skin-tone-2.
    plain = name.split("::")[0] if isinstance(name, str) else ""
    own = own_users(body)
    if plain != load_settings().capture_emoji or own & {user, event.get("item_user")}:
        ack()
        return
    if not isinstance(item, dict) or item.get("type") != "message":
        ack()
        return
    channel, ts = item.get("channel"), item.get("ts")
    if not (_is(_SLACK_ID, user) and _is(_SLACK_ID, channel) and _is(_TS, ts)):
        raise MalformedPayload("a reaction names no user, channel or message")
    key = message_key(str(channel), str(ts))
    with session_scope() as session:
        # The same message is one run, unless nothing came of it and somebody tries again.
        run_key = event_key(body) if may_begin_anew(session, key) else key
    conf = {"channel": channel, "message_ts": ts, "user": user, "is_internal": is_internal(body)}
    accept(ack, from_event(body, {}, dag_id=DAG_ID, run_conf=conf, run_key=run_key))


def _is(form: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def is_internal(body: dict[str, Any]) -> bool:
    """Whether Slack says that nobody of another company is in the channel."""
    return body.get("is_ext_shared_channel") is False


def own_users(body: dict[str, Any]) -> set[object]:
    """The app's own user ids, as the event's wrapper names them."""
    listed = body.get("authorizations")
    if not isinstance(listed, list):
        return set()
    return {
        one.get("user_id")
        for one in listed
        if isinstance(one, dict) and one.get("is_bot") and isinstance(one.get("user_id"), str)
    }
