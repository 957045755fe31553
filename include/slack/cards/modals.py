"""The app's modals as Block Kit. Pure functions.

Slack's limits: 24 characters a title, 3,000 an input and ``private_metadata``, 75 an option's text,
150 an option's value, 100 options.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.slack.cards.blocks import plain, quoted, section, shorten
from include.slack.cards.markup import markup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.base.entry_state import EntryState

View = dict[str, Any]

FEEDBACK_VIEW = "add_feedback"
PICK_VIEW = "pick_request"
DETAILS_VIEW = "edit_details"
ACCOUNT, OPPORTUNITY, REQUEST = "account_search", "opportunity_search", "request_search"
INPUT_LIMIT = 3000
OPTION_TEXT, OPTION_VALUE, MOST_OPTIONS = 75, 150, 100

SEVERITIES = {
    "low": "Nice to have",
    "medium": "Significant pain",
    "high": "Dealbreaker",
}


def feedback_modal(*, pain: str = "", message: dict[str, str] | None = None) -> View:
    """The form *Add Feedback*; ``message`` is where it was opened from."""
    typed = _input("pain", "In the customer's own words")
    links = _input("links", "https://…, one a line")
    if pain.strip():
        typed["initial_value"] = shorten(pain.strip(), INPUT_LIMIT)
    severities = [option(words, value) for value, words in SEVERITIES.items()]
    severity = {
        "type": "static_select",
        "action_id": "severity",
        "options": severities,
        "initial_option": severities[1],
    }
    return _modal(
        FEEDBACK_VIEW,
        "Add Feedback",
        "Send",
        {"message": message} if message else {},
        [
            field("pain", "What does the customer say?", typed),
            field("severity", "How much does it hurt?", severity),
            field("account", "Account", search(ACCOUNT, "Search accounts"), optional=True),
            field("opportunity", "Opportunity", search(OPPORTUNITY, "Search deals"), optional=True),
            field("links", "Links", links, optional=True),
        ],
    )


def details_modal(state: EntryState, token: str) -> View:
    """Account, deal and severity of an entry, with what is known filled in."""
    customer = state.customer
    severities = [option(words, value) for value, words in SEVERITIES.items()]
    severity = {
        "type": "static_select",
        "action_id": "severity",
        "options": severities,
        "initial_option": next(one for one in severities if one["value"] == customer.severity),
    }
    account = search(ACCOUNT, "Search accounts")
    if customer.account_id:
        account["initial_option"] = option(customer.account or "", customer.account_id)
    deal = search(OPPORTUNITY, "Search deals")
    if customer.deal_id:
        deal["initial_option"] = option(customer.deal or "", customer.deal_id)
    return _modal(
        DETAILS_VIEW,
        "Account and severity",
        "Save",
        {"token": token},
        [
            section(markup("A customer said:\n{}", quoted(state.quote))),
            field("severity", "How much does it hurt?", severity),
            field("account", "Account", account, optional=True),
            field("opportunity", "Opportunity", deal, optional=True),
        ],
    )


def pick_modal(*, quote: str, subject: str, token: str) -> View:
    """The search for another request. ``subject`` and ``token`` say what it is picked for."""
    return _modal(
        PICK_VIEW,
        "Pick another request",
        "Add to this request",
        {"subject": subject, "token": token},
        [
            section(markup("A customer said:\n{}", quoted(quote))),
            field("request", "Request", search(REQUEST, "Search by meaning or words", least=2)),
        ],
    )


def options(found: Iterable[tuple[str, str]]) -> list[View]:
    """Options of a search from (value, text); what Slack would refuse is left out or cut."""
    listed = [option(text, value) for value, text in found if 0 < len(value) <= OPTION_VALUE]
    return listed[:MOST_OPTIONS]


def option(text: str, value: str) -> View:
    """One choice."""
    return {"text": plain(shorten(" ".join(text.split()) or value, OPTION_TEXT)), "value": value}


def search(action_id: str, placeholder: str, *, least: int = 0) -> View:
    """A select whose options the relay searches, from ``least`` typed characters on."""
    return {
        "type": "external_select",
        "action_id": action_id,
        "min_query_length": least,
        "placeholder": plain(placeholder),
    }


def field(block_id: str, label: str, element: View, *, optional: bool = False) -> View:
    """An input with its label."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        "optional": optional,
    }


def _modal(
    callback_id: str, title: str, submit: str, metadata: dict[str, Any], blocks: list[View]
) -> View:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": json.dumps(metadata),
        "title": plain(title),
        "submit": plain(submit),
        "close": plain("Cancel"),
        "blocks": blocks,
    }


def _input(action_id: str, placeholder: str) -> View:
    return {
        "type": "plain_text_input",
        "action_id": action_id,
        "multiline": True,
        "max_length": INPUT_LIMIT,
        "placeholder": plain(placeholder),
    }
