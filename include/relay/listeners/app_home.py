"""App Home: shown anew whenever somebody opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.relay import background
from include.relay.home import show_home

if TYPE_CHECKING:
    from slack_bolt import Ack, App


def register(app: App) -> None:
    """Attach the listener."""
    app.event("app_home_opened")(receive)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Show it. Nothing is stored: whoever opens it again sees it again."""
    event = body["event"]
    user, tab = event.get("user"), event.get("tab")
    ack()
    if isinstance(user, str) and user and tab in (None, "home"):
        background.submit_delivery(show_home, user)
