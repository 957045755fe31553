"""*Add Feedback*: two shortcuts open the form, its searches, and what was filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from include.base.checked import Refused
from include.entries.submission import parse_submission
from include.people.identity import known_names
from include.relay.accept import accept
from include.relay.asking import may_read
from include.relay.incoming import (
    MalformedPayload,
    field_of,
    from_view,
    metadata_of,
    view_key,
)
from include.relay.open_form import open_soon
from include.slack.cards import modals
from include.slack.reading.message import read_message
from include.slack.reading.values import Names
from include.store.models import Account, Opportunity
from include.store.session import session_scope

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy import Select

DAG_ID = "ingest_slack_feedback"
GLOBAL, MESSAGE = "add_feedback", "add_feedback_from_message"
MOST_FOUND = 50
BLOCKS = {"customer_pain": "pain", "account_id": "account", "opportunity_id": "opportunity"}
"""Blocks of the form that are not called like the field of a submission they hold."""


def register(app: App) -> None:
    """Attach the listeners."""
    app.shortcut({"type": "shortcut", "callback_id": GLOBAL})(from_anywhere)
    app.shortcut({"type": "message_action", "callback_id": MESSAGE})(from_message)
    app.options(modals.ACCOUNT)(suggest_accounts)
    app.options(modals.OPPORTUNITY)(suggest_opportunities)
    app.view(modals.FEEDBACK_VIEW)(submit)


def from_anywhere(ack: Ack, body: dict[str, Any]) -> None:
    """Open the empty form."""
    ack()
    open_soon(body["trigger_id"], body["user"]["id"], None, modals.feedback_modal)


def from_message(ack: Ack, body: dict[str, Any]) -> None:
    """Open the form with the message's words."""
    message, channel = body.get("message"), body.get("channel")
    if not isinstance(message, dict) or not isinstance(channel, dict):
        raise MalformedPayload("a message shortcut has no message or channel")
    where, ts = channel.get("id"), message.get("ts") or body.get("message_ts")
    if not (isinstance(where, str) and where and isinstance(ts, str) and ts):
        raise MalformedPayload("a message shortcut names no message")
    place = {"channel": where, "ts": ts}
    ack()
    open_soon(
        body["trigger_id"],
        body["user"]["id"],
        where,
        lambda: modals.feedback_modal(pain=_words(message), message=place),
    )


def _words(message: dict[str, Any]) -> str:
    """What a person reads in the message; people are named as far as they are known here."""
    names = Names()
    read = read_message(message, names)
    if names.unknown:
        with session_scope() as session:
            names.users = known_names(session, list(names.unknown))
        read = read_message(message, names)
    return read.said


def suggest_accounts(ack: Ack, body: dict[str, Any]) -> None:
    """Accounts whose name or id holds what was typed."""
    pattern = _pattern(body)
    statement = (
        select(Account.id, Account.name)
        .where(or_(Account.name.ilike(pattern), Account.id.ilike(pattern)))
        .order_by(*_nearest(body, Account.name, Account.id))
        .limit(MOST_FOUND)
    )
    ack(options=modals.options(_found(body, statement)))


def suggest_opportunities(ack: Ack, body: dict[str, Any]) -> None:
    """Opportunities that fit, of the chosen account when there is one."""
    pattern = _pattern(body)
    statement = (
        select(Opportunity.id, Opportunity.name)
        .where(or_(Opportunity.name.ilike(pattern), Opportunity.id.ilike(pattern)))
        .order_by(*_nearest(body, Opportunity.name, Opportunity.id))
        .limit(MOST_FOUND)
    )
    account = _chosen_account(body)
    if account:
        statement = statement.where(
            or_(Opportunity.account_id == account, Opportunity.account_id.is_(None))
        )
    ack(options=modals.options(_found(body, statement)))


def _nearest(body: dict[str, Any], name: Any, key: Any) -> tuple[Any, ...]:
    """What is called just what was typed comes first, so that it is never beyond the last."""
    typed = _typed(body)
    said = func.lower(typed)
    is_it = or_(func.lower(name) == said, func.lower(key) == said)
    begins = or_(name.istartswith(typed, autoescape=True), key.istartswith(typed, autoescape=True))
    return ~is_it, ~begins, name, key


def _found(body: dict[str, Any], statement: Select[str, str]) -> list[tuple[str, str]]:
    if not may_read(body["user"]["id"]):
        return []
    with session_scope() as session:
        return [(row.id, row.name) for row in session.execute(statement)]


def submit(ack: Ack, body: dict[str, Any]) -> None:
    """Check what was filled in, show what is wrong in the form, else take it."""
    view = body["view"]
    links = [link.strip("<>") for link in (field_of(view, "links") or "").split()]
    values = {
        "external_id": view_key(body),
        "customer_pain": (field_of(view, "pain") or "").strip(),
        "severity": field_of(view, "severity"),
        "account_id": field_of(view, "account"),
        "opportunity_id": field_of(view, "opportunity"),
        "links": [link for link in links if link],
    }
    errors = _errors(values)
    if errors:
        ack(response_action="errors", errors=errors)
        return
    conf: dict[str, Any] = {"user": body["user"]["id"], **values}
    message = metadata_of(view).get("message")
    if isinstance(message, dict) and all(
        isinstance(message.get(part), str) for part in ("channel", "ts")
    ):
        conf["message"] = {part: message[part] for part in ("channel", "ts")}
    accept(ack, from_view(body, {}, dag_id=DAG_ID, run_conf=conf))


def _errors(values: dict[str, Any]) -> dict[str, str]:
    """What is wrong, by block of the form."""
    try:
        parse_submission(values)
    except Refused as error:
        return {BLOCKS.get(p.field, p.field): p.beside_field() for p in error.problems}
    return deal_errors(values["account_id"], values["opportunity_id"])


def deal_errors(account_id: str | None, opportunity_id: str | None) -> dict[str, str]:
    """What is wrong with a deal beside an account, by block of the form."""
    if account_id and opportunity_id:
        with session_scope() as session:
            deal = session.get(Opportunity, opportunity_id)
        if deal is not None and deal.account_id not in (None, account_id):
            return {"opportunity": "This deal belongs to another account."}
    return {}


def _typed(body: dict[str, Any]) -> str:
    return str(body.get("value") or "").replace("\x00", "").strip()[:100]


def _pattern(body: dict[str, Any]) -> str:
    escaped = _typed(body).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _chosen_account(body: dict[str, Any]) -> str | None:
    try:
        return field_of(body.get("view"), "account")
    except MalformedPayload:
        return None
