"""What people see in Slack about the life of a request. Pure functions, beside ``slack.blocks``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.slack.cards.blocks import Rendered, confidence_words, escape, link, quoted, shorten

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
    said = escape(shorten(" ".join((words or description).split()), _DESCRIPTION))
    return Rendered(
        text=f"New request: {_plain(title)}",
        blocks=[
            _section(f"*New request*: {link(title, url)}" + (f"\n{said}" if said else "")),
            _context(f"Opened by {by}."),
        ],
    )


def still_without_feedback(*, title: str, url: str | None) -> Rendered:
    """Reminds the creator of a request that nobody has given evidence for."""
    return Rendered(
        text=f"No feedback yet: {_plain(title)}",
        blocks=[
            _section(
                f"{link(title, url)} has no customer feedback yet. Do you have a customer's words "
                "for it? Evidence is what gets a request built."
            )
        ],
    )


def shipped(*, title: str, url: str | None, by: str) -> Rendered:
    """Tells a follower that a request has shipped."""
    return Rendered(
        text=f"Shipped: {_plain(title)}",
        blocks=[
            _section(
                f":tada: {link(title, url)} has *shipped*. You follow it: your customers will "
                "want to know."
            ),
            _context(f"Marked as shipped by {by}."),
        ],
    )


def reopened(*, title: str, url: str | None, by: str) -> Rendered:
    """Tells somebody who heard that a request had shipped that it is open again."""
    return Rendered(
        text=f"Open again: {_plain(title)}",
        blocks=[
            _section(
                f"{link(title, url)} is *open again*. I had told you that it shipped; if you "
                "told customers, please tell them this too."
            ),
            _context(f"Reopened by {by}."),
        ],
    )


def still_hurting(*, title: str, url: str | None, slug: str, quote: str, when: str) -> Rendered:
    """Asks the owner of a request that has just shipped whether it still hurts."""
    return Rendered(
        text=f"Is it still hurting? {_plain(title)}",
        blocks=[
            _section(f"{link(title, url)} shipped on {when}, and a customer has said since:"),
            _section(quoted(quote)),
            _section(
                "Is it still hurting? If so, open it again with the workflow `reopen_request` "
                f"(request `{slug}`); everybody who heard that it shipped is then told."
            ),
        ],
    )


def not_reached(*, title: str, url: str | None, people: Sequence[str], what: str) -> Rendered:
    """For the review channel: followers who have no Slack account."""
    shown = ", ".join(escape(person) for person in people[:NAMES_SHOWN])
    more = f" and {len(people) - NAMES_SHOWN} more" if len(people) > NAMES_SHOWN else ""
    return Rendered(
        text=f"{len(people)} people could not be told about {_plain(title)}",
        blocks=[
            _section(
                f"{link(title, url)} {what}. These followers have no Slack account, so nobody "
                f"told them: {shown}{more}."
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
    confirm = {
        "title": {"type": "plain_text", "text": "Merge these requests?"},
        "text": {
            "type": "plain_text",
            "text": "Both keep their evidence and followers, and it can be taken back.",
        },
        "confirm": {"type": "plain_text", "text": "Merge"},
        "deny": {"type": "plain_text", "text": "Leave them"},
    }
    merge = _button("Merge", MERGE_REQUESTS, token) | {"style": "primary", "confirm": confirm}
    why = escape(shorten(" ".join(reason.split()), 300))
    return Rendered(
        text=f"Are these one request? {_plain(survivor.title)} / {_plain(lesser.title)}",
        blocks=[
            _section(f"These two requests look like one:\n• {_side(survivor)}\n• {_side(lesser)}"),
            _context(f"{confidence_words(confidence)}. {why}".strip()),
            _section(f"Merged, {link(lesser.title, lesser.url)} counts as part of the other."),
            {
                "type": "actions",
                "block_id": "merge_question",
                "elements": [merge, _button("Not the same", DISMISS_PAIR, token)],
            },
        ],
    )


def merge_answered(*, lesser: Side, survivor: Side, verdict: str, token: str | None) -> Rendered:
    """The card after its answer: who decided what and when; a merge can be taken back."""
    actions = (
        [{"type": "actions", "elements": [_button("Undo the merge", UNDO_MERGE, token)]}]
        if token
        else []
    )
    return Rendered(
        text=f"Answered: {_plain(survivor.title)} / {_plain(lesser.title)}",
        blocks=[
            _section(
                f"The question was whether these are one:\n• {_side(survivor)}\n• {_side(lesser)}"
            ),
            _context(verdict),
            *actions,
        ],
    )


def _side(side: Side) -> str:
    pieces = "1 piece" if side.feedback == 1 else f"{side.feedback} pieces"
    accounts = "1 account" if side.accounts == 1 else f"{side.accounts} accounts"
    return f"{link(side.title, side.url)} ({pieces} of feedback, {accounts})"


def _button(label: str, action_id: str, value: str) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": label},
        "value": value,
    }


def _plain(text: str) -> str:
    return escape(shorten(" ".join(text.split()), 150))


def _section(text: str) -> dict[str, Any]:
    words = shorten(text, 3000)
    return {"type": "section", "text": {"type": "mrkdwn", "text": words, "verbatim": True}}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}
