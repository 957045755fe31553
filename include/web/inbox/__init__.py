"""The inbox: open questions, answered here as in Slack."""

from include.web.inbox.routes import router

__all__ = ["router"]
