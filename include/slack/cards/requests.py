"""What people see in Slack about the life of a request. Pure functions, beside ``slack.blocks``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.slack.cards.blocks import (
    SECTION_LIMIT,
    Rendered,
    actions,
    button,
    clip,
    confirmation,
    context,
    link,
    one_line,
    quoted,
    section,
    shorten,
    title_words,
    why,
)
from include.slack.cards.markup import Markup, joined, markup
from include.slack.cards.shipping import REOPEN_REQUEST

if TYPE_CHECKING:
    from collections.abc import Sequence

MERGE_REQUESTS = "merge_requests"
DISMISS_PAIR = "dismiss_pair"
UNDO_MERGE = "undo_merge"
NAMES_SHOWN = 20
_DESCRIPTION = 500


def opened_in_area(
    *, title: str, url: str | None, description: str, by: Markup, words: str | None = None
) -> Rendered:
    """For an area's firehose channel: a new request; ``words`` stand instead of its description."""
    head = markup("*New request*: {}", link(title, url))
    said = one_line(words or description, _DESCRIPTION)
    return Rendered(
        text=markup("New request: {}", title_words(title)),
        blocks=[
            section(markup("{}\n{}", head, said) if said else head),
            context(markup("Opened by {}.", by)),
        ],
    )


def still_without_feedback(*, title: str, url: str | None) -> Rendered:
    """Reminds the creator of a request that nobody has given evidence for."""
    return Rendered(
        text=markup("No feedback yet: {}", title_words(title)),
        blocks=[
            section(
                markup(
                    "{} has no customer feedback yet. Do you have a customer's words for it? "
                    "Evidence is what gets a request built.",
                    link(title, url),
                )
            )
        ],
    )


def shipped(*, title: str, url: str | None, by: Markup) -> Rendered:
    """Tells a follower that a request has shipped."""
    return Rendered(
        text=markup("Shipped: {}", title_words(title)),
        blocks=[
            section(
                markup(
                    ":tada: {} has *shipped*. You follow it: your customers will want to know.",
                    link(title, url),
                )
            ),
            context(markup("Marked as shipped by {}.", by)),
        ],
    )


def planned(*, title: str, url: str | None, by: Markup) -> Rendered:
    """Tells a follower that a request is planned."""
    return Rendered(
        text=markup("Planned: {}", title_words(title)),
        blocks=[
            section(
                markup(":spiral_calendar_pad: {} is *planned*. You follow it.", link(title, url))
            ),
            context(markup("Planned by {}.", by)),
        ],
    )


def reopened(*, title: str, url: str | None, by: Markup) -> Rendered:
    """Tells somebody who heard that a request had shipped that it is open again."""
    return Rendered(
        text=markup("Open again: {}", title_words(title)),
        blocks=[
            section(
                markup(
                    "{} is *open again*. I had told you that it shipped; if you told customers, "
                    "please tell them this too.",
                    link(title, url),
                )
            ),
            context(markup("Reopened by {}.", by)),
        ],
    )


def still_hurting(*, title: str, url: str | None, token: str, quote: str, when: str) -> Rendered:
    """Asks the owner of a request that has just shipped whether it still hurts.

    ``token`` is what its button sends: it leads to the request.
    """
    return Rendered(
        text=markup("Is it still hurting? {}", title_words(title)),
        blocks=[
            section(
                markup("{} shipped on {}, and a customer has said since:", link(title, url), when)
            ),
            section(quoted(quote)),
            section(
                markup(
                    "Is it still hurting? If so, open it again; everybody who heard that it "
                    "shipped is then told."
                )
            ),
            actions(
                "still_hurting",
                button(
                    "Open it again",
                    REOPEN_REQUEST,
                    token,
                    confirm=confirmation(
                        "Open it again?",
                        "Everybody who heard that it shipped will hear that it is open.",
                        yes="Open it again",
                        no="Cancel",
                    ),
                ),
            ),
        ],
    )


def not_reached(*, title: str, url: str | None, people: Sequence[str], what: str) -> Rendered:
    """For the review channel: followers who have no Slack account."""
    more = f" and {len(people) - NAMES_SHOWN} more" if len(people) > NAMES_SHOWN else ""
    said = markup(
        "{} {}. These followers have no Slack account, so nobody told them: {}{}.",
        link(title, url),
        what,
        joined(people[:NAMES_SHOWN], ", "),
        more,
    )
    return Rendered(
        text=markup("{} people could not be told about {}", len(people), title_words(title)),
        blocks=[section(clip(said, SECTION_LIMIT))],
    )


@dataclass(frozen=True)
class Side:
    """One of two requests that may be one: its title and page, its evidence, unique accounts."""

    title: str
    url: str | None
    feedback: int
    accounts: int


def title_of(title: str) -> Markup:
    """A request's title in bold."""
    return markup("*{}*", shorten(title, 150))


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
    other = link(lesser.title, lesser.url)
    return Rendered(
        text=markup("Are these one request? {}", _titles(survivor, lesser)),
        blocks=[
            section(markup("These two requests look like one:{}", _sides(survivor, lesser))),
            *why(confidence, reason),
            section(markup("Merged, {} counts as part of the other.", other)),
            actions("merge_question", merge, button("Not the same", DISMISS_PAIR, token)),
        ],
    )


def merge_answered(*, lesser: Side, survivor: Side, verdict: Markup, token: str | None) -> Rendered:
    """The card after its answer: who decided what and when; a merge can be taken back."""
    return Rendered(
        text=markup("Answered: {}", _titles(survivor, lesser)),
        blocks=[
            section(markup("The question was whether these are one:{}", _sides(survivor, lesser))),
            context(verdict),
            *([actions("merged", button("Undo the merge", UNDO_MERGE, token))] if token else []),
        ],
    )


def _titles(survivor: Side, lesser: Side) -> Markup:
    return markup("{} / {}", title_words(survivor.title), title_words(lesser.title))


def _sides(survivor: Side, lesser: Side) -> Markup:
    return markup("\n• {}\n• {}", _side(survivor), _side(lesser))


def _side(side: Side) -> Markup:
    pieces = "1 piece" if side.feedback == 1 else f"{side.feedback} pieces"
    accounts = "1 account" if side.accounts == 1 else f"{side.accounts} accounts"
    return markup("{} ({} of feedback, {})", link(side.title, side.url), pieces, accounts)
