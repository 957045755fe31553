"""What the app listens to: one file a listener, each with ``register(app)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.relay.listeners import (
    add_feedback,
    answer_merge,
    answer_proposal,
    answer_question,
    answer_waiting,
    app_home,
    ask_requests,
    correct_entry,
    edit_details,
    feedback_command,
    link_shared,
    pick_request,
    reaction_added,
    restore_entry,
    shipped_command,
)

if TYPE_CHECKING:
    from slack_bolt import App

    from include.relay.events import Effect

EFFECTS: dict[str, Effect] = {
    **answer_question.EFFECTS,
    **answer_merge.EFFECTS,
    **answer_proposal.EFFECTS,
    **answer_waiting.EFFECTS,
    **correct_entry.EFFECTS,
    **pick_request.EFFECTS,
    **link_shared.EFFECTS,
    **ask_requests.EFFECTS,
    **restore_entry.EFFECTS,
    **edit_details.EFFECTS,
}
"""What stored events without a run do, by kind."""


LISTENERS = (
    answer_question,
    answer_waiting,
    answer_merge,
    answer_proposal,
    correct_entry,
    edit_details,
    feedback_command,
    shipped_command,
    reaction_added,
    add_feedback,
    pick_request,
    app_home,
    link_shared,
    ask_requests,
    restore_entry,
)


def register_all(app: App) -> None:
    """Attach every listener to the app."""
    for module in LISTENERS:
        module.register(app)
