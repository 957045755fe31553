"""What an error of the database means: whose fault it is, and never whose words it quotes.

By the SQLSTATE (PostgreSQL, appendix A): the caller's is a value that no row takes, passing is what
may be gone in a moment, and all else is ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from include.base.errors import Defect, FatalError, TransientError, UnstorableValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RETRY_SECONDS = 5
"""What a caller over HTTP is asked to wait when the database is away."""

_PASSING = ("08", "40", "53", "57", "58", "55P03", "55006", "25006", "25P03", "0A000")
"""Connection lost; deadlock and serialization; no connection, memory or disk left; shut down or
cancelled; an I/O error; locked or in use; a server that has become a standby; idle for too long;
and a prepared plan from before a migration."""

_OURS = ("22000", "22012", "22023")
"""Of class 22 (data), but never a caller's: a vector of another size, a division by zero, an
argument that a function does not take."""

_SENTENCES = {
    "22001": "is too long",
    "22003": "is a number too large to store",
    "22007": "is no moment that can be stored",
    "22008": "is no moment that can be stored",
    "22021": "holds a character that cannot be stored, such as NUL",
    "22P02": "is not of the form that is stored",
    "22P05": "holds a character that cannot be stored, such as NUL",
    "23503": "names something that is not there",
    "23505": "is there already",
    "23514": "has a value that is not allowed",
    "54000": "is too long",
}
_VALUE = ("22", "54000")
_NUMBERED = re.compile(r"_(?:m|_)?\d+$")


def translated(error: StatementError | PoolTimeoutError) -> FatalError | TransientError:
    """An error of SQLAlchemy as one of the product's own.

    Returns:
        UnstorableValue: the caller's value; a sentence that names the field where it can be told.
        FatalError: the caller's too: it is there already, or names something that is not.
        TransientError: passing; a retry helps.
        Defect: ours.
    """
    if isinstance(error, PoolTimeoutError):
        return TransientError("All connections to the database were in use for too long.")
    if not isinstance(error, DBAPIError):
        return _before_sending(error)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    lost = not state and isinstance(error, OperationalError | InterfaceError)
    if lost or error.connection_invalidated or state.startswith(_PASSING):
        return TransientError(
            f"The database cannot be used now ({type(error).__name__} {state}). Is it running?"
        )
    # psycopg itself refuses a NUL, without a state.
    state = state or ("22021" if _with_nul(error.params) is not None else "")
    if state in _OURS or not (state.startswith(_VALUE) or state in _SENTENCES):
        return _defect(error, state)
    field = _field(error, state)
    said = f"{field or 'a value'} {_SENTENCES.get(state, 'cannot be stored')}"
    said = f"The database refused it: {said} ({_place(error, state)})."
    return UnstorableValue(said, field=field) if state.startswith(_VALUE) else FatalError(said)


def _before_sending(error: StatementError) -> FatalError:
    """A value that SQLAlchemy could not even send; its message quotes it."""
    if isinstance(error.orig, LookupError | ValueError | OverflowError):
        return UnstorableValue("A value is not of the kind that its column takes.")
    return Defect(f"A statement could not be made ({type(error.orig).__name__}).")


def _defect(error: DBAPIError, state: str) -> Defect:
    return Defect(
        f"The database refused it: the product is at fault ({_place(error, state)}). "
        "Is the schema the one of this release?"
    )


def _place(error: DBAPIError, state: str) -> str:
    """State, and where: names of the schema only, because the rest of a diagnosis quotes rows."""
    found = getattr(error.orig, "diag", None)
    names = [getattr(found, f"{kind}_name", None) for kind in ("table", "constraint", "column")]
    what = f"{type(error).__name__} {state}".strip()
    return ", ".join([what, *(name for name in names if name)])


def _field(error: DBAPIError, state: str) -> str | None:
    """The column that the database names, or the parameter whose value shows that it is meant."""
    found = getattr(error.orig, "diag", None)
    column = getattr(found, "column_name", None) or _constrained(found)
    if column is not None:
        return str(column)
    if state in ("22021", "22P05"):
        return _with_nul(error.params)
    if state == "22003":
        return _largest(error.params, int | float)
    return _largest(error.params, str) if state in ("22001", "54000") else None


def _constrained(found: Any) -> str | None:
    """The column that a constraint is named after: ``ck_entries_source_known`` is of ``source``."""
    table, constraint = getattr(found, "table_name", None), getattr(found, "constraint_name", None)
    if not table or not constraint:
        return None
    from include.store.models import Base

    known = Base.metadata.tables.get(table)
    rest = constraint.partition(f"_{table}_")[2]
    columns = [] if known is None else [column.name for column in known.columns]
    named = [name for name in columns if rest == name or rest.startswith(f"{name}_")]
    return max(named, key=len, default=None)


def _with_nul(params: Any) -> str | None:
    return next(
        (name for name, value in _named(params) if isinstance(value, str) and "\x00" in value), None
    )


def _largest(params: Any, kind: Any) -> str | None:
    sized = [
        (len(value) if isinstance(value, str) else abs(value), name)
        for name, value in _named(params)
        if isinstance(value, kind)
    ]
    return max(sized, default=(0, None))[1]


def _named(params: Any) -> Iterator[tuple[str, Any]]:
    """Parameters by the names of their columns; what SQLAlchemy numbers for itself has none."""
    rows: list[Mapping[str, Any]] = params if isinstance(params, list) else [params]
    for row in rows:
        for key, value in row.items() if isinstance(row, dict) else ():
            name = _NUMBERED.sub("", key)
            if name != "param":
                yield name, value
