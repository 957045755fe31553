"""Health: how each part does, what is stuck or late, and letting it go on."""

from include.web.health.routes import router

__all__ = ["router"]
