"""The read API for programs: what the pages show, as JSON, under the same rights; and webhooks."""

from include.web.api.routes import router

__all__ = ["router"]
