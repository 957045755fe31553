"""Accounts: the customers by ARR, and one with everything it said."""

from include.web.accounts.routes import router

__all__ = ["router"]
