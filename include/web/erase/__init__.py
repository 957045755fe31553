"""The page ``erase``."""

from include.web.erase.routes import router

__all__ = ["router"]
