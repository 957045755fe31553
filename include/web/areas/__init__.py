"""Product areas: their reports of any day, and their list to manage."""

from include.web.areas.routes import router

__all__ = ["router"]
