"""What the buttons about an entry carry: signed, and the same on every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.durable.api import signing_keys
from include.durable.keys import InvalidToken, sign, verify
from include.slack.cards.entry_card import Tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.base.entry_state import EntryState

PLACE, MOVE, WITHDRAW, RESTORE, DETAILS = "undo", "move", "withdraw", "restore", "details"
"""What a token is for; one for another purpose is refused."""


def tokens_of(session: Session, states: Sequence[EntryState]) -> dict[int, Tokens]:
    """The tokens of entries' buttons, by entry."""
    key = signing_keys(session)[0]

    def tokens(state: EntryState) -> Tokens:
        entry, place = str(state.entry_id), str(state.feedback_id or "")
        targets = [*state.nearest, *([state.came_from] if state.came_from else [])]
        return Tokens(
            question=sign("hook", str(state.question.hook_id), key) if state.question else "",
            place=sign(PLACE, place, key) if place else "",
            withdraw=sign(WITHDRAW, entry, key),
            restore=sign(RESTORE, entry, key),
            details=sign(DETAILS, entry, key),
            move={one.id: sign(MOVE, f"{place}-{one.id}", key) for one in targets if place},
        )

    return {state.entry_id: tokens(state) for state in states}


def token_of(session: Session, purpose: str, row_id: int) -> str:
    """The token of one button: ``PLACE`` of a piece of feedback, the others of an entry."""
    return sign(purpose, str(row_id), signing_keys(session)[0])


def ids_in(session: Session, purpose: str, token: str) -> list[int] | None:
    """The ids that a token holds; ``None`` for one that is forged or for something else."""
    try:
        return [int(one) for one in verify(purpose, token, signing_keys(session)).split("-")]
    except (InvalidToken, ValueError):
        return None
