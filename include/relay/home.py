"""App Home: what concerns one person, as Block Kit, and publishing it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from include.base.safe_log import describe
from include.entries.overview import overview_of
from include.people.actor import Action, may, refusal_words
from include.people.signed_in import slack_actor
from include.slack.cards.blocks import SECTION_LIMIT, clip, header, link, one_line, section
from include.slack.cards.entry_card import choices, question_blocks
from include.slack.cards.markup import escape, joined, markup
from include.slack.cards.words import request_words, stage_words, why_words
from include.slack.client import slack_client
from include.slack.errors import read_trouble
from include.store.session import session_scope

if TYPE_CHECKING:
    from include.entries.overview import Followed, OpenQuestion, Overview, RecentEntry
    from include.people.actor import Actor

log = logging.getLogger(__name__)

QUOTE = 160
MOST_BLOCKS = 100


def home_view(overview: Overview) -> dict[str, Any]:
    """The view of App Home."""
    shown: list[dict[str, Any]] = [header("Your open questions")]
    for number, question in enumerate(overview.questions):
        shown += _question(question, number)
    if overview.more_questions:
        shown.append(section(markup("… and {} more, in our messages.", overview.more_questions)))
    if not overview.questions:
        shown.append(section(markup("Nothing is waiting for you.")))
    shown.append(header("Your last feedback"))
    for entry in overview.entries:
        shown += _entry(entry)
    if not overview.entries:
        hint = "Put :gtm-feedback: on a message, use *Add Feedback*, or type `/feedback`."
        shown.append(section(markup("Nothing yet. {}", hint)))
    shown.append(header("What you follow"))
    shown += [_followed(request) for request in overview.followed]
    if overview.more_followed:
        page = link("your page", overview.own_page)
        shown.append(section(markup("… and {} more, on {}.", overview.more_followed, page)))
    if not overview.followed:
        hint = "You follow a request when your feedback is added to it."
        shown.append(section(markup("Nothing yet. {}", hint)))
    return {"type": "home", "blocks": shown[:MOST_BLOCKS]}


def show_home(slack_user_id: str) -> bool:
    """Show somebody their App Home, by Slack's word about them; see :func:`publish_home`."""
    try:
        actor = slack_actor(slack_user_id)
    except Exception as error:
        log.warning("App Home not published: %s", describe(error))
        return False
    return publish_home(actor)


def publish_home(actor: Actor) -> bool:
    """Show a person their App Home as it is now. Never raises; false when it was not shown."""
    try:
        with session_scope() as session:
            if may(session, actor, Action.READ):
                view = home_view(overview_of(session, actor))
            else:
                refusal = refusal_words(actor, Action.READ)
                view = {"type": "home", "blocks": [section(escape(refusal))]}
        slack_client().views_publish(user_id=actor.slack_user_id or "", view=view)
    # It is shown anew whenever somebody looks.
    except Exception as error:
        log.warning("App Home not published: %s", read_trouble(error, 1).code)
        return False
    return True


def _question(question: OpenQuestion, number: int) -> list[dict[str, Any]]:
    shown = question_blocks(question.state, question.token, number)
    return [*shown, {"type": "divider"}]


def _entry(entry: RecentEntry) -> list[dict[str, Any]]:
    state = entry.state
    lines = [
        markup("“{}”", one_line(state.quote, QUOTE)),
        joined(
            [stage_words(state), f"{state.created_at:%-d %b}", *why_words(state)],
            " · ",
        ),
        *(markup("• {}", stage_words(pain)) for pain in state.pains),
    ]
    return [section(clip(joined(lines), SECTION_LIMIT)), *choices(state, entry.tokens)]


def _followed(followed: Followed) -> dict[str, Any]:
    noun = "piece" if followed.feedback_count == 1 else "pieces"
    request = followed.request
    status = "" if request.part_of or request.status == "shipped" else f" · {request.status}"
    count = followed.feedback_count
    said = request_words(request)
    return section(markup("{}{} · {} {} of feedback", said, status, count, noun))
