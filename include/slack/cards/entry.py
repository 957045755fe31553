"""What people see in Slack about an entry that was set aside or taken apart. Pure functions."""

from __future__ import annotations

from include.slack.cards import blocks
from include.slack.cards.blocks import Block, Rendered

RESTORE_ENTRY = "restore_entry"

_REASONS = {
    "no_words": "it holds no words",
    "only_links": "it holds only a link, and I do not open links",
    "only_thanks": "it reads like a greeting or a thank-you",
    "too_short": "it is too short to say what hurts",
    "only_praise": "it reads like praise, without a problem",
    "no_problem": "it wishes for something without saying what hurts",
    "only_remark": "it sends a colleague to look somewhere else",
    "no_pain": "I found no problem of a customer in it",
}


def reason_words(reason: str | None) -> str:
    """Why an entry was set aside, as the end of a sentence."""
    return _REASONS.get(reason or "", "I found nothing to act on in it")


def set_aside_card(*, quote: str, reason: str | None, token: str) -> Rendered:
    """Tells the submitter that nothing is made of their words, with a button to have it made."""
    text = f"I kept this and set it aside, because {reason_words(reason)}."
    return Rendered(
        text=text,
        blocks=[
            blocks.section(text),
            blocks.section(blocks.quoted(quote)),
            blocks.actions("set_aside", restore_button(token)),
        ],
    )


def restored_card(*, quote: str, verdict: str) -> Rendered:
    """The same card after somebody had it processed."""
    return Rendered(
        text="This is being processed after all.",
        blocks=[blocks.section(verdict), blocks.section(blocks.quoted(quote))],
    )


def restore_button(token: str) -> Block:
    """Has the entry processed as if it had not been set aside."""
    return blocks.button("Process it anyway", RESTORE_ENTRY, token)
