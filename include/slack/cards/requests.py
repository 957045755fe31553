"""What people see in Slack about the life of a request. Pure functions, beside ``slack.blocks``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.slack.cards.blocks import (
    SECTION_LIMIT,
    Rendered,
    actions,
    button,
    confirmation,
    context,
    escape,
    link,
    one_line,
    quoted,
    section,
    shorten,
    title_words,
    why,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MERGE_REQUESTS = "merge_requests"
DISMISS_PAIR = "dismiss_pair"
UNDO_MERGE = "undo_merge"
NAMES_SHOWN = 20
_DESCRIPTION = 500


def opened_in_area(
    *, title: str, url: str | None, description: str, by: str, words: str | None = None
) -> Rendered:
    """For an area's firehose channel: a new request; ``words`` stand instead of its description."""
    said = escape(one_line(words or description, _DESCRIPTION))
    return Rendered(
        text=f"New request: {title_words(title)}",
        blocks=[
            section(f"*New request*: {link(title, url)}" + (f"\n{said}" if said else "")),
            context(f"Opened by {by}."),
        ],
    )


def still_without_feedback(*, title: str, url: str | None) -> Rendered:
    """Reminds the creator of a request that nobody has given evidence for."""
    return Rendered(
        text=f"No feedback yet: {title_words(title)}",
        blocks=[
            section(
                f"{link(title, url)} has no customer feedback yet. Do you have a customer's words "
                "for it? Evidence is what gets a request built."
            )
        ],
    )


def shipped(*, title: str, url: str | None, by: str) -> Rendered:
    """Tells a follower that a request has shipped."""
    return Rendered(
        text=f"Shipped: {title_words(title)}",
        blocks=[
            section(
                f":tada: {link(title, url)} has *shipped*. You follow it: your customers will "
                "want to know."
            ),
            context(f"Marked as shipped by {by}."),
        ],
    )


def planned(*, title: str, url: str | None, by: str) -> Rendered:
    """Tells a follower that a request is planned."""
    return Rendered(
        text=f"Planned: {title_words(title)}",
        blocks=[
            section(f":spiral_calendar_pad: {link(title, url)} is *planned*. You follow it."),
            context(f"Planned by {by}."),
        ],
    )


def reopened(*, title: str, url: str | None, by: str) -> Rendered:
    """Tells somebody who heard that a request had shipped that it is open again."""
    return Rendered(
        text=f"Open again: {title_words(title)}",
        blocks=[
            section(
                f"{link(title, url)} is *open again*. I had told you that it shipped; if you "
                "told customers, please tell them this too."
            ),
            context(f"Reopened by {by}."),
        ],
    )


def still_hurting(*, title: str, url: str | None, slug: str, quote: str, when: str) -> Rendered:
    """Asks the owner of a request that has just shipped whether it still hurts."""
    return Rendered(
        text=f"Is it still hurting? {title_words(title)}",
        blocks=[
            section(
                f"{link(title, url)} shipped on {escape(when)}, and a customer has said since:"
            ),
            section(quoted(quote)),
            section(
                "Is it still hurting? If so, open it again with the workflow `reopen_request` "
                f"(request `{escape(slug)}`); everybody who heard that it shipped is then told."
            ),
        ],
    )


def not_reached(*, title: str, url: str | None, people: Sequence[str], what: str) -> Rendered:
    """For the review channel: followers who have no Slack account."""
    shown = ", ".join(escape(person) for person in people[:NAMES_SHOWN])
    more = f" and {len(people) - NAMES_SHOWN} more" if len(people) > NAMES_SHOWN else ""
    return Rendered(
        text=f"{len(people)} people could not be told about {title_words(title)}",
        blocks=[
            section(
                shorten(
                    f"{link(title, url)} {escape(what)}. These followers have no Slack account, "
                    f"so nobody told them: {shown}{more}.",
                    SECTION_LIMIT,
                )
            )
        ],
    )


@dataclass(frozen=True)
class Side:
    """One of two requests that may be one: its title and page, its evidence, unique accounts."""

    title: str
    url: str | None
    feedback: int
    accounts: int


def title_of(title: str) -> str:
    """A request's title in bold."""
    return f"*{escape(shorten(title, 150))}*"


def merge_question(
    *, lesser: Side, survivor: Side, confidence: float, reason: str, token: str
) -> Rendered:
    """Asks whether two requests are one, with a button for each answer."""
    asked = confirmation(
        "Merge these requests?",
        "Both keep their evidence and followers, and it can be taken back.",
        yes="Merge",
        no="Leave them",
    )
    merge = button("Merge", MERGE_REQUESTS, token, confirm=asked, primary=True)
    return Rendered(
        text=f"Are these one request? {title_words(survivor.title)} / {title_words(lesser.title)}",
        blocks=[
            section(f"These two requests look like one:\n• {_side(survivor)}\n• {_side(lesser)}"),
            *why(confidence, reason),
            section(f"Merged, {link(lesser.title, lesser.url)} counts as part of the other."),
            actions("merge_question", merge, button("Not the same", DISMISS_PAIR, token)),
        ],
    )


def merge_answered(*, lesser: Side, survivor: Side, verdict: str, token: str | None) -> Rendered:
    """The card after its answer: who decided what and when; a merge can be taken back."""
    return Rendered(
        text=f"Answered: {title_words(survivor.title)} / {title_words(lesser.title)}",
        blocks=[
            section(
                f"The question was whether these are one:\n• {_side(survivor)}\n• {_side(lesser)}"
            ),
            context(verdict),
            *([actions("merged", button("Undo the merge", UNDO_MERGE, token))] if token else []),
        ],
    )


def _side(side: Side) -> str:
    pieces = "1 piece" if side.feedback == 1 else f"{side.feedback} pieces"
    accounts = "1 account" if side.accounts == 1 else f"{side.accounts} accounts"
    return f"{link(side.title, side.url)} ({pieces} of feedback, {accounts})"
