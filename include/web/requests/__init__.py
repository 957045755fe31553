"""The list of requests: search, filters and sorts that are kept in the address, and a CSV."""

from include.web.requests.routes import router

__all__ = ["router"]
