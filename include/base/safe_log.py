"""Saying what went wrong without saying what a customer said."""

from __future__ import annotations

import traceback

from include.base.errors import FatalError, TransientError


def describe(error: BaseException) -> str:
    """An exception in words for a log or a column.

    The messages of the product's own errors hold neither secrets nor customer text; those of
    others may (a database error quotes the row), so only their type is told.
    """
    if isinstance(error, (FatalError, TransientError)):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__


def where(error: BaseException) -> str:
    """The stack of an exception without its message."""
    return "".join(traceback.format_tb(error.__traceback__))
