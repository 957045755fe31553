"""My page: my questions, what I handed in, what I follow."""

from include.web.me.routes import router

__all__ = ["router"]
