"""What people see in Slack: cards as Block Kit. Pure functions, nothing but the standard library.

Slack's limits are kept: 3,000 characters a section, 50 blocks, 2,000 characters a button value.
Whatever comes from outside is escaped; ``verbatim`` keeps Slack from turning ``@channel`` in a
customer's words into a ping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]

SECTION_LIMIT = 3000
QUOTE_LIMIT = 500
QUOTE_LINES = 12
TITLE_LIMIT = 150
REASON_LIMIT = 300


@dataclass(frozen=True)
class Rendered:
    """A message: ``text`` is what notifications and screen readers get."""

    text: str
    blocks: list[Block]


def escape(text: str) -> str:
    """Slack's three control characters, so that text cannot become a link or a ping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut between words where there is a gap, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    head, gap, _ = cut.rpartition(" ")
    return (head if gap and len(head) >= limit // 2 else cut).rstrip(" ,.;:") + "…"


def quoted(text: str) -> str:
    """Text as Slack quote lines, escaped, at most 500 characters in 12 lines."""
    lines = [line.strip() for line in shorten(text.strip(), QUOTE_LIMIT).splitlines()]
    lines = [line for line in lines if line]
    if len(lines) > QUOTE_LINES:
        lines = [*lines[: QUOTE_LINES - 1], "…"]
    return "\n".join(f"> {escape(line)}" for line in lines) or "> …"


def link(title: str, url: str | None) -> str:
    """A title that leads to its page; a bold title when there is no page to show."""
    label = title_words(title) or "this request"
    if not url:
        return f"*{label}*"
    address = url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E")
    return f"<{address.replace('|', '%7C')}|{label}>"


def confidence_words(confidence: float | None) -> str:
    """How sure the match is, in words and percent; the scale of the matching core."""
    if confidence is None:
        return "Confidence not measured"
    # Rounded down: 89.6 % must not read as the 90 % that attaches by itself.
    percent = int(max(0.0, min(1.0, confidence)) * 100 + 1e-9)
    for floor, words in ((90, "Same issue"), (80, "Strong match"), (70, "Related"), (50, "Weak")):
        if percent >= floor:
            return f"{words}, {percent}% sure"
    return f"Unlikely, {percent}% sure"


def reminder_card(*, request_title: str, question_link: str | None, expires_in: str) -> Rendered:
    """One reminder of an open question; ``expires_in`` is a span in words, e.g. ``6 days``."""
    title = title_words(request_title)
    question = link("your answer", question_link) if question_link else "your answer"
    return Rendered(
        text=f"Still open: is this about “{title_words(request_title)}”?",
        blocks=[
            section(
                f"I am still waiting for {question} about *{title}*. "
                f"Without one, the feedback becomes a new request in {escape(expires_in)}."
            )
        ],
    )


def one_line(text: str, limit: int) -> str:
    """Without line breaks, at most ``limit`` characters."""
    return shorten(" ".join(text.split()), limit)


def title_words(title: str) -> str:
    """A title for a notification: one line, escaped."""
    return escape(one_line(title, TITLE_LIMIT))


def section(text: str) -> Block:
    """A section of mrkdwn, in which names do not become pings by themselves."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def context(text: str) -> Block:
    """A line of small grey mrkdwn."""
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": shorten(text, SECTION_LIMIT), "verbatim": True}],
    }


def why(confidence: float | None, reason: str) -> list[Block]:
    """How sure a match is, and why."""
    said = escape(one_line(reason, REASON_LIMIT))
    return [context(f"{confidence_words(confidence)}. {said}".strip())]


def plain(text: str) -> Block:
    """Text without markup."""
    return {"type": "plain_text", "text": text}


def header(text: str) -> Block:
    """A heading, at most 150 characters."""
    return {"type": "header", "text": plain(shorten(text, TITLE_LIMIT))}


def button(
    label: str, action_id: str, value: str, *, confirm: Block | None = None, primary: bool = False
) -> Block:
    """A button; ``confirm`` (see :func:`confirmation`) asks before it counts."""
    shown = {"type": "button", "action_id": action_id, "text": plain(label), "value": value}
    extra: Block = {"confirm": confirm} if confirm else {}
    return shown | extra | ({"style": "primary"} if primary else {})


def confirmation(title: str, text: str, *, yes: str, no: str) -> Block:
    """What a button asks before it counts."""
    return {"title": plain(title), "text": plain(text), "confirm": plain(yes), "deny": plain(no)}


def actions(block_id: str, *buttons: Block) -> Block:
    """Buttons side by side."""
    return {"type": "actions", "block_id": block_id, "elements": list(buttons)}
