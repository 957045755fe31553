"""Settings and thresholds: what is in force, from where, and changing it."""

from include.web.settings.routes import router

__all__ = ["router"]
