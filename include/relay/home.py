"""App Home: what concerns one person, as Block Kit, and publishing it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from include.entries.overview import overview_of
from include.slack.cards import blocks
from include.slack.cards.blocks import escape, header, link, section, shorten
from include.slack.cards.entry import reason_words, restore_button
from include.slack.client import slack_client
from include.slack.errors import read_trouble
from include.store.session import session_scope

if TYPE_CHECKING:
    from include.entries.overview import Followed, OpenQuestion, Overview, RecentEntry

log = logging.getLogger(__name__)

QUOTE = 160
MOST_BLOCKS = 100
_STATUS = {
    "received": "being worked on",
    "waiting": "waiting for an answer",
    "failed": "stuck; an operator can see why",
}


def home_view(overview: Overview) -> dict[str, Any]:
    """The view of App Home."""
    shown: list[dict[str, Any]] = [header("Your open questions")]
    for number, question in enumerate(overview.questions):
        shown += _question(question, number)
    if overview.more_questions:
        shown.append(section(f"… and {overview.more_questions} more, in our messages."))
    if not overview.questions:
        shown.append(section("Nothing is waiting for you."))
    shown.append(header("Your last feedback"))
    shown += [_entry(entry) for entry in overview.entries]
    if not overview.entries:
        hint = "Put :gtm-feedback: on a message, use *Add Feedback*, or type `/feedback`."
        shown.append(section(f"Nothing yet. {hint}"))
    shown.append(header("What you follow"))
    shown += [_followed(request) for request in overview.followed]
    if not overview.followed:
        shown.append(
            section("Nothing yet. You follow a request when your feedback is added to it.")
        )
    return {"type": "home", "blocks": shown[:MOST_BLOCKS]}


def publish_home(slack_user_id: str) -> bool:
    """Show a person their App Home as it is now. Never raises; false when it was not shown."""
    try:
        with session_scope() as session:
            view = home_view(overview_of(session, slack_user_id))
        slack_client().views_publish(user_id=slack_user_id, view=view)
    # It is shown anew whenever somebody looks.
    except Exception as error:
        log.warning("App Home not published: %s", read_trouble(error, 1).code)
        return False
    return True


def _question(question: OpenQuestion, number: int) -> list[dict[str, Any]]:
    card = blocks.question_card(
        quote=shorten(question.quote, 3 * QUOTE),
        request_title=question.request_title,
        request_url=question.request_url,
        shipped=question.shipped,
        confidence=question.confidence,
        reason=question.reason,
        token=question.token,
    )
    named = [
        {**block, "block_id": f"question-{number}"} if block["type"] == "actions" else block
        for block in card.blocks
    ]
    return [*named, {"type": "divider"}]


def _entry(entry: RecentEntry) -> dict[str, Any]:
    quote = escape(shorten(" ".join(entry.quote.split()), QUOTE))
    if entry.restore_token is not None:
        where = f"set aside, because {reason_words(entry.noise_reason)}"
    elif entry.outcome == "split":
        where = "taken apart: each problem in it goes its own way"
    elif entry.request_title is None:
        where = _STATUS.get(entry.status, entry.status)
    else:
        verb = "opened" if entry.outcome == "created" else "added to"
        where = f"{verb} {link(entry.request_title, entry.request_url)}"
    shown = section(f"“{quote}”\n{where} · {entry.created_at:%-d %b}")
    if entry.restore_token is not None:
        shown["accessory"] = restore_button(entry.restore_token)
    return shown


def _followed(request: Followed) -> dict[str, Any]:
    noun = "piece" if request.feedback_count == 1 else "pieces"
    return section(
        f"{link(request.title, request.url)} · {escape(request.status)} · "
        f"{request.feedback_count} {noun} of feedback"
    )
