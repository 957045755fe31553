"""Digests: those that are stored, as they were posted."""

from include.web.digests.routes import router

__all__ = ["router"]
