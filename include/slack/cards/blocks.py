"""What people see in Slack: cards as Block Kit. Pure functions, nothing but the standard library.

Slack's limits are kept: 3,000 characters a section, 50 blocks, 2,000 characters a button value.
Whatever comes from outside is escaped; ``verbatim`` keeps Slack from turning ``@channel`` in a
customer's words into a ping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Block = dict[str, Any]

ANSWER_ATTACH = "answer_attach"
ANSWER_CREATE = "answer_create"
UNDO_ATTACHMENT = "undo_attachment"
PICK_FOR_QUESTION = "pick_for_question"
PICK_FOR_FEEDBACK = "pick_for_feedback"

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


def question_card(
    *,
    quote: str,
    request_title: str,
    request_url: str | None,
    shipped: bool,
    confidence: float | None,
    reason: str,
    token: str,
) -> Rendered:
    """The question whether a customer's words belong to a request, with its three buttons."""
    title = link(request_title, request_url)
    ask = (
        f"This sounds like {title}, which has *already shipped*. Does the customer mean that?"
        if shipped
        else f"This sounds like {title}. Is it the same problem?"
    )
    return Rendered(
        text=f"Is this feedback about “{title_words(request_title)}”?",
        blocks=[
            section("A customer said:\n" + quoted(quote)),
            section(ask),
            *why(confidence, reason),
            actions(
                "question",
                button("Add to this request", ANSWER_ATTACH, token, primary=True),
                button("Create new request", ANSWER_CREATE, token),
                button("Pick another request", PICK_FOR_QUESTION, token),
            ),
        ],
    )


def question_locked(
    *,
    quote: str,
    request_title: str,
    request_url: str | None,
    verdict: str,
    undo_token: str | None = None,
    pick_token: str | None = None,
) -> Rendered:
    """The question after its answer: who decided what and when (``verdict``).

    Once it is carried out, the tokens let people take it back or pick another request.
    """
    return Rendered(
        text=f"Answered: is this about “{title_words(request_title)}”?",
        blocks=[
            section("A customer said:\n" + quoted(quote)),
            section(f"The question was whether this is {link(request_title, request_url)}."),
            context(verdict),
            *_corrections(undo_token, pick_token),
        ],
    )


def attached_card(
    *,
    quote: str,
    request_title: str,
    request_url: str | None,
    confidence: float | None,
    reason: str,
    undo_token: str,
    is_theirs: bool = True,
) -> Rendered:
    """Tells the submitter that their feedback was attached, with Undo and another pick.

    ``is_theirs`` is false where others read it, because the submitter cannot be reached.
    """
    whose, then = (
        ("Your feedback", " You will hear when it ships.") if is_theirs else ("Feedback", "")
    )
    return Rendered(
        text=f"{whose} was added to “{title_words(request_title)}”.",
        blocks=[
            section(f"{whose} was added to {link(request_title, request_url)}.{then}"),
            section(quoted(quote)),
            *why(confidence, reason),
            *_corrections(undo_token, undo_token),
        ],
    )


def attached_locked(
    *,
    quote: str,
    request_title: str,
    request_url: str | None,
    verdict: str,
    confidence: float | None = None,
    reason: str = "",
) -> Rendered:
    """The attached card after Undo: no button, and what happened (``verdict``)."""
    return Rendered(
        text=f"No longer on “{title_words(request_title)}”.",
        blocks=[
            section(f"This feedback had been added to {link(request_title, request_url)}."),
            section(quoted(quote)),
            *(why(confidence, reason) if confidence is not None else []),
            context(verdict),
        ],
    )


def created_card(
    *,
    quote: str,
    request_title: str,
    request_url: str | None,
    areas: Sequence[str],
    pick_token: str | None = None,
    is_theirs: bool = True,
) -> Rendered:
    """Tells the submitter that their feedback opened a new request, with another pick.

    ``is_theirs`` is false where others read it, because the submitter cannot be reached.
    """
    whose = "your feedback" if is_theirs else "this feedback"
    where = f" in {escape(one_line(', '.join(areas), REASON_LIMIT))}" if areas else ""
    return Rendered(
        text=f"{whose.capitalize()} opened “{title_words(request_title)}”.",
        blocks=[
            section(
                f"Nobody had asked for this yet, so {whose} opened "
                f"{link(request_title, request_url)}{where}."
            ),
            section(quoted(quote)),
            *_corrections(None, pick_token),
        ],
    )


def moved_card(
    *, quote: str, request_title: str, request_url: str | None, verdict: str, token: str
) -> Rendered:
    """A card after another request was picked: where the feedback is now, and who moved it."""
    return Rendered(
        text=f"This feedback is now on “{title_words(request_title)}”.",
        blocks=[
            section(f"This feedback is now on {link(request_title, request_url)}."),
            section(quoted(quote)),
            context(verdict),
            *_corrections(token, token),
        ],
    )


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


def _corrections(undo_token: str | None, pick_token: str | None) -> list[Block]:
    elements = []
    if undo_token:
        asked = confirmation(
            "Take it off this request?",
            "The feedback becomes a request of its own.",
            yes="Undo",
            no="Keep it",
        )
        elements.append(button("Undo", UNDO_ATTACHMENT, undo_token, confirm=asked))
    if pick_token:
        elements.append(button("Pick another request", PICK_FOR_FEEDBACK, pick_token))
    return [actions("corrections", *elements)] if elements else []


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
