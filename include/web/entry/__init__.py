"""One entry: why it went where it went, on one line of time."""

from include.web.entry.routes import router

__all__ = ["router"]
