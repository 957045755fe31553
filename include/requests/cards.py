"""What people see in Slack about the life of a request. Pure functions, beside ``slack.blocks``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.slack.blocks import Rendered, escape, link, quoted, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def _plain(text: str) -> str:
    return escape(shorten(" ".join(text.split()), 150))


def _section(text: str) -> dict[str, Any]:
    words = shorten(text, 3000)
    return {"type": "section", "text": {"type": "mrkdwn", "text": words, "verbatim": True}}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}
