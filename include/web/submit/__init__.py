"""Handing feedback in, and opening a request by hand."""

from include.web.submit.routes import router

__all__ = ["router"]
