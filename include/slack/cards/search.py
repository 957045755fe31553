"""The answer to a question about requests, as Block Kit. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.slack.cards.blocks import Rendered, confidence_words, escape, link, section, shorten

if TYPE_CHECKING:
    from include.base.settings import Settings
    from include.matching.types import FoundRequest

SHOWN_QUESTION = 120
HELP_TEXT = (
    "Here is what I do:\n"
    "• Put :gtm-feedback: on a message, or use *Add Feedback* in its menu: I take it as feedback "
    "and answer in its thread.\n"
    "• `/feedback`, followed by what the customer said, hands feedback in from anywhere.\n"
    "• Ask me what we have: *what do we have on SSO?*, *which areas have the most ARR at risk?*\n"
    "• `/shipped`, followed by a request, tells everybody who follows a request. I ask you first.\n"
    "• My *Home* tab shows your open questions, your feedback and what you follow."
)
HELP = Rendered(HELP_TEXT.replace("*", ""), [section(HELP_TEXT)])
HOW = "Ask me what we have on a subject, for example: *what do we have on SSO?*"
WHERE = "I answer where only people of this company read along. Ask me in an internal channel."
OUTSIDE = Rendered(WHERE, [section(WHERE)])
INSIDERS = "I can tell that only to full members of this workspace. You can hand in feedback."
REFUSED = Rendered(INSIDERS, [section(INSIDERS)])
EMPTY = Rendered(HOW.replace("*", ""), [section(HOW)])


def search_card(question: str, found: list[FoundRequest], settings: Settings) -> Rendered:
    """The found requests, best first, with status, confidence and reason; or that there is none."""
    asked = escape(shorten(" ".join(question.split()), SHOWN_QUESTION))
    if not found:
        text = f"I found nothing about “{asked}”."
        hint = "If a customer asked for it, hand it in with `/feedback`."
        return Rendered(text, [section(f"{text} {hint}")])
    noun = "request" if len(found) == 1 else "requests"
    text = f"{len(found)} {noun} about “{asked}”"
    if all(one.is_guess for one in found):
        text = f"I found nothing about “{asked}”. My best guesses"
    lines = [
        section(
            f"{link(one.title, settings.request_url(one.slug))} · {escape(one.status)}"
            f"{_customers(one.customers)}\n"
            + ("" if one.is_guess else f"{confidence_words(one.confidence)}. ")
            + escape(one.reason)
        )
        for one in found
    ]
    return Rendered(text, [section(f"{text}:"), *lines])


def _customers(count: int) -> str:
    return f" · {count} {'customer' if count == 1 else 'customers'}" if count else ""
