"""The card that proposes thresholds which were learned from people's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from include.slack.cards.blocks import (
    Rendered,
    actions,
    button,
    context,
    section,
    title_words,
)
from include.slack.cards.markup import Markup, joined, markup

ACCEPT_PROPOSAL = "accept_proposal"
DECLINE_PROPOSAL = "decline_proposal"
UNDO_PROPOSAL = "undo_proposal"

_ONE_PERSON = 0.8
"""From this share on the card says that the answers are mostly one person's."""


@dataclass(frozen=True)
class Proposed:
    """What the card shows; ``area`` is empty for the whole deployment.

    ``judge`` says whose decisions were answered, empty for all of them.
    """

    area: str
    labels: int
    attach: float
    ask: float
    before: dict[str, float]
    precision: float | None
    facts: dict[str, Any]
    judge: str = ""


def proposal_card(proposed: Proposed, token: str) -> Rendered:
    """For the review channel: what changes, what is expected of it, and two buttons."""
    return Rendered(
        text=_title(proposed),
        blocks=[
            section(proposal_words(proposed)),
            actions(
                "proposal",
                button("Accept", ACCEPT_PROPOSAL, token, primary=True),
                button("Leave as it is", DECLINE_PROPOSAL, token),
            ),
        ],
    )


def proposal_closed(proposed: Proposed, verdict: Markup, token: str | None) -> Rendered:
    """The card after its answer; what was accepted can be taken back."""
    undo = [actions("proposal", button("Undo", UNDO_PROPOSAL, token))] if token else []
    return Rendered(
        text=_title(proposed),
        blocks=[section(proposal_words(proposed)), context(verdict), *undo],
    )


def _title(proposed: Proposed) -> Markup:
    if not proposed.area:
        return markup("Proposed thresholds for all areas")
    return markup("Proposed thresholds for area {}", title_words(proposed.area))


def proposal_words(proposed: Proposed) -> Markup:
    """What would change, what is expected of it, and what the last month would have been."""
    facts, before = proposed.facts, proposed.before
    head = markup("*{}*, learned from {} answers.", _title(proposed), proposed.labels)
    lines: list[str] = [head]
    if proposed.judge:
        lines.append(markup("Only for what is judged by {}.", proposed.judge))
    if facts["attaches"]:
        lines.append(
            f"Attach from {proposed.attach:.2f} (now {before['attach']:.2f}), "
            f"ask from {proposed.ask:.2f} (now {before['ask']:.2f})."
        )
        lines.append(
            f"Expected: {100 * (proposed.precision or 0):.0f} of 100 automatic attachments are "
            f"right; {100 * facts['attached']:.0f} of 100 entries are attached."
        )
        if facts.get("held"):
            lines.append(
                "Nobody has calibrated this model, so a person is asked today. "
                "With these thresholds it attaches."
            )
    else:
        lines.append(
            f"Nothing would be attached by itself, for {facts['why_not']}. "
            f"People are asked from {proposed.ask:.2f} on (now {before['ask']:.2f})."
        )
    month = facts["last_month"]
    then, now = month["then"], month["now"]
    lines.append(
        f"The last month again, {month['replayed']} decisions: "
        f"{_change('attached', then, now)}, {_change('questions', then, now)}, "
        f"{_change('wrong_attachments', then, now)}, {_change('duplicates', then, now)}."
    )
    if facts["most_by_one"] >= _ONE_PERSON:
        lines.append(
            f"One person gave {100 * facts['most_by_one']:.0f} % of the answers. Look at them "
            "before you accept."
        )
    return joined(lines)


def _change(name: str, then: dict[str, Any], now: dict[str, Any]) -> str:
    return f"{name.replace('_', ' ')} {then[name]} → {now[name]}"
