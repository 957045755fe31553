"""*Add Feedback*: two shortcuts open the form, its searches, and what was filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from include.agents.draft import readable
from include.base.errors import FatalError
from include.entries.submission import MAX_LINKS, SEVERITIES, parse_submission
from include.relay.accept import accept
from include.relay.incoming import (
    MalformedPayload,
    field_of,
    from_view,
    metadata_of,
    view_key,
)
from include.relay.open_form import open_soon
from include.slack.cards import modals
from include.store.models import Account, Opportunity
from include.store.session import session_scope

if TYPE_CHECKING:
    from slack_bolt import Ack, App

DAG_ID = "ingest_slack_feedback"
GLOBAL, MESSAGE = "add_feedback", "add_feedback_from_message"
MOST_FOUND = 50


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
    pain = readable(str(message.get("text") or ""))
    ack()
    open_soon(
        body["trigger_id"],
        body["user"]["id"],
        where,
        lambda: modals.feedback_modal(pain=pain, message=place),
    )


def suggest_accounts(ack: Ack, body: dict[str, Any]) -> None:
    """Accounts whose name or id holds what was typed."""
    pattern = _pattern(body)
    statement = (
        select(Account.id, Account.name)
        .where(or_(Account.name.ilike(pattern), Account.id.ilike(pattern)))
        .order_by(Account.name, Account.id)
        .limit(MOST_FOUND)
    )
    with session_scope() as session:
        found = [(row.id, row.name) for row in session.execute(statement)]
    ack(options=modals.options(found))


def suggest_opportunities(ack: Ack, body: dict[str, Any]) -> None:
    """Opportunities that fit, of the chosen account when there is one."""
    pattern = _pattern(body)
    statement = (
        select(Opportunity.id, Opportunity.name)
        .where(or_(Opportunity.name.ilike(pattern), Opportunity.id.ilike(pattern)))
        .order_by(Opportunity.name, Opportunity.id)
        .limit(MOST_FOUND)
    )
    account = _chosen_account(body)
    if account:
        statement = statement.where(
            or_(Opportunity.account_id == account, Opportunity.account_id.is_(None))
        )
    with session_scope() as session:
        found = [(row.id, row.name) for row in session.execute(statement)]
    ack(options=modals.options(found))


def submit(ack: Ack, body: dict[str, Any]) -> None:
    """Check what was filled in, show what is wrong in the form, else take it."""
    view = body["view"]
    values = {name: field_of(view, name) for name in ("pain", "account", "opportunity", "links")}
    severity = field_of(view, "severity")
    links = [line.strip(" <>") for line in (values["links"] or "").split() if line.strip(" <>")]
    errors = _errors(values, links)
    if errors:
        ack(response_action="errors", errors=errors)
        return
    conf: dict[str, Any] = {
        "user": body["user"]["id"],
        "external_id": view_key(body),
        "customer_pain": (values["pain"] or "").strip(),
        "severity": severity if severity in SEVERITIES else None,
        "account_id": values["account"],
        "opportunity_id": values["opportunity"],
        "links": links,
    }
    message = metadata_of(view).get("message")
    if isinstance(message, dict) and all(
        isinstance(message.get(part), str) for part in ("channel", "ts")
    ):
        conf["message"] = {part: message[part] for part in ("channel", "ts")}
    accept(ack, from_view(body, {}, dag_id=DAG_ID, run_conf=conf))


def _errors(values: dict[str, str | None], links: list[str]) -> dict[str, str]:
    errors = {}
    if not (values["pain"] or "").strip():
        errors["pain"] = "Please say in a sentence what hurts."
    for link in links:
        try:
            parse_submission({"customer_pain": "x", "links": [link]})
        except FatalError:
            errors["links"] = f"“{link[:60]}” is no web address. It begins with https://"
    if len(links) > MAX_LINKS:
        errors["links"] = f"At most {MAX_LINKS} links, please; these are {len(links)}."
    if values["account"] and values["opportunity"]:
        with session_scope() as session:
            deal = session.get(Opportunity, values["opportunity"])
        if deal is not None and deal.account_id not in (None, values["account"]):
            errors["opportunity"] = "This deal belongs to another account."
    return errors


def _pattern(body: dict[str, Any]) -> str:
    typed = str(body.get("value") or "").replace("\x00", "").strip()[:100]
    escaped = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _chosen_account(body: dict[str, Any]) -> str | None:
    try:
        return field_of(body.get("view"), "account")
    except MalformedPayload:
        return None
