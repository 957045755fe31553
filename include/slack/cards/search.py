"""The answer to a question about requests, as Block Kit. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.slack.cards.blocks import Rendered, confidence_words, link, section, shorten
from include.slack.cards.markup import Markup, escape, markup

if TYPE_CHECKING:
    from include.base.settings import Settings
    from include.matching.types import FoundRequest

SHOWN_QUESTION = 120
HELP_TEXT = markup(
    "Here is what I do:\n"
    "• Put :gtm-feedback: on a message, or use *Add Feedback* in its menu: I take it as feedback "
    "and answer in its thread.\n"
    "• `/feedback`, followed by what the customer said, hands feedback in from anywhere.\n"
    "• Ask me what we have: *what do we have on SSO?*, *which areas have the most ARR at risk?*\n"
    "• `/shipped`, followed by a request, tells everybody who follows a request. I ask you first.\n"
    "• My *Home* tab shows your open questions, your feedback and what you follow."
)
HELP = Rendered(escape(HELP_TEXT.replace("*", "")), [section(HELP_TEXT)])
HOW = markup("Ask me what we have on a subject, for example: *what do we have on SSO?*")
WHERE = markup(
    "I answer where only people of this company read along. Ask me in an internal channel."
)
OUTSIDE = Rendered(WHERE, [section(WHERE)])
INSIDERS = markup(
    "I can tell that only to full members of this workspace. You can hand in feedback."
)
REFUSED = Rendered(INSIDERS, [section(INSIDERS)])
EMPTY = Rendered(escape(HOW.replace("*", "")), [section(HOW)])


def search_card(question: str, found: list[FoundRequest], settings: Settings) -> Rendered:
    """The found requests, best first, with status, confidence and reason; or that there is none."""
    asked = shorten(" ".join(question.split()), SHOWN_QUESTION)
    if not found:
        text = markup("I found nothing about “{}”.", asked)
        hint = "If a customer asked for it, hand it in with `/feedback`."
        return Rendered(text, [section(markup("{} {}", text, hint))])
    noun = "request" if len(found) == 1 else "requests"
    text = markup("{} {} about “{}”", len(found), noun, asked)
    if all(one.is_guess for one in found):
        text = markup("I found nothing about “{}”. My best guesses", asked)
    lines = [section(_found(one, settings)) for one in found]
    return Rendered(text, [section(markup("{}:", text)), *lines])


def _found(one: FoundRequest, settings: Settings) -> Markup:
    return markup(
        "{} · {}{}\n{}{}",
        link(one.title, settings.request_url(one.slug)),
        one.status,
        _customers(one.customers),
        "" if one.is_guess else f"{confidence_words(one.confidence)}. ",
        one.reason,
    )


def _customers(count: int) -> str:
    return f" · {count} {'customer' if count == 1 else 'customers'}" if count else ""
