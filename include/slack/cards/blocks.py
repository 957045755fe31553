"""What people see in Slack: cards as Block Kit. Pure functions, nothing but the standard library.

Slack's limits are kept: 3,000 characters a section, 50 blocks, 2,000 characters a button value.
A card's text is :class:`~include.slack.cards.markup.Markup`, so whatever comes from outside is
escaped; ``verbatim`` keeps Slack from turning ``@channel`` in a customer's words into a ping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.slack.cards.markup import Markup, escape, joined, markup, only_markup

if TYPE_CHECKING:
    from collections.abc import Sequence

Block = dict[str, Any]

SECTION_LIMIT = 3000
QUOTE_LIMIT = 500
QUOTE_LINES = 12
TITLE_LIMIT = 150
REASON_LIMIT = 300


@dataclass(frozen=True)
class Rendered:
    """A message: ``text`` is what notifications and screen readers get."""

    text: Markup
    blocks: list[Block]

    def __post_init__(self) -> None:
        only_markup(self.text)


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut between words where there is a gap, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    head, gap, _ = cut.rpartition(" ")
    return (head if gap and len(head) >= limit // 2 else cut).rstrip(" ,.;:") + "…"


def clip(text: Markup, limit: int) -> Markup:
    """Markup of at most ``limit`` characters; a cut cannot bring to life what was escaped."""
    return Markup(shorten(text, limit))


def clip_lines(text: Markup, limit: int) -> Markup:
    """The first lines of markup that fit; where not even one does, the start of it."""
    if len(text) < limit:
        return text
    end = text.rfind("\n", 0, limit)
    return Markup(text[:end]) if end > 0 else clip(text, limit)


def quoted(text: str) -> Markup:
    """Text as Slack quote lines, escaped, at most 500 characters in 12 lines."""
    lines = [line.strip() for line in shorten(text.strip(), QUOTE_LIMIT).splitlines()]
    lines = [line for line in lines if line]
    if len(lines) > QUOTE_LINES:
        lines = [*lines[: QUOTE_LINES - 1], "…"]
    return joined(markup("> {}", line) for line in lines) or markup("> …")


def sections(lines: Sequence[Markup]) -> list[Block]:
    """Lines in as many sections as they need; only a line too long for one is cut."""
    parts: list[list[Markup]] = [[]]
    for line in lines:
        if parts[-1] and len(joined([*parts[-1], line])) > SECTION_LIMIT:
            parts.append([])
        parts[-1].append(clip(line, SECTION_LIMIT))
    return [section(joined(part)) for part in parts if part]


def link(title: str, url: str | None) -> Markup:
    """A title that leads to its page; a bold title when there is no page to show."""
    label = title_words(title) or "this request"
    if not url:
        return markup("*{}*", label)
    address = url.replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return markup("<{}|{}>", address, label)


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
        text=markup("Still open: is this about “{}”?", title),
        blocks=[
            section(
                markup(
                    "I am still waiting for {} about *{}*. "
                    "Without one, the feedback becomes a new request in {}.",
                    question,
                    title,
                    expires_in,
                )
            )
        ],
    )


def one_line(text: str, limit: int) -> str:
    """Without line breaks, at most ``limit`` characters."""
    return shorten(" ".join(text.split()), limit)


def title_words(title: str) -> Markup:
    """A title for a notification: one line, escaped."""
    return escape(one_line(title, TITLE_LIMIT))


def section(text: Markup) -> Block:
    """A section of mrkdwn, in which names do not become pings by themselves."""
    return {"type": "section", "text": _mrkdwn(text)}


def context(text: Markup) -> Block:
    """A line of small grey mrkdwn."""
    return {"type": "context", "elements": [_mrkdwn(clip(only_markup(text), SECTION_LIMIT))]}


def _mrkdwn(text: Markup) -> Block:
    """The one place where text is handed to Slack as markup. A plain string is refused."""
    return {"type": "mrkdwn", "text": only_markup(text), "verbatim": True}


def why(confidence: float | None, reason: str) -> list[Block]:
    """How sure a match is, and why."""
    return [context(sureness(confidence, one_line(reason, REASON_LIMIT)))]


def sureness(confidence: float | None, reason: str) -> Markup:
    """How sure a match is, and why, as sentences."""
    sure = markup("{}.", confidence_words(confidence))
    return markup("{} {}", sure, reason) if reason else sure


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
