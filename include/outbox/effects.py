"""The one way an effect leaves the house: written with its cause, claimed, carried out, recorded.

Messages to Slack, runs to start, analytics events and what Slack's calls ask for are rows of
different tables that share this way. A row is claimed, and the claim committed, before anything
outside is called; what became of it is recorded afterwards. A claim is a lease: it moves
``not_before`` ahead, so a row whose process died comes up again by itself. ``attempts`` says whose
claim it is: a process that was too slow records nothing over the one that took its row.

What is special to a kind, such as the order of messages to one address, is in its :class:`Kind`.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from sqlalchemy import func, or_, select

from include.base.connections import MissingConnection
from include.base.errors import FatalError, TransientError
from include.base.safe_log import describe
from include.base.tracing import entry_span
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""How long a claim lasts; it must exceed the calls of one attempt."""

LONGEST_WAIT = 300.0
_POLL_SECONDS = 0.1

Row = TypeVar("Row", bound=Any)


class Fate(StrEnum):
    """What became of one attempt."""

    DONE = "done"
    FOUND = "found"
    """An earlier attempt that was interrupted had done it."""
    LATER = "later"
    REROUTED = "rerouted"
    """Changed, and to be tried again at once."""
    SUPERSEDED = "superseded"
    """Not needed any more."""
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt, and what to do next.

    Args:
        fate: What became of it.
        error: Why it was not done: a code or a sentence without customers' words.
        retry_after: Seconds the other side asked to wait; a backoff when it did not say.
        stop: Whether the other side would take nothing else now either.
        changes: Columns to set in the row.
        after: Called once this is committed. It may be lost, so it must be a courtesy.
        settled: Whether the kind has recorded it already, in the effect's own transaction.
    """

    fate: Fate
    error: str | None = None
    retry_after: float | None = None
    stop: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)
    after: Callable[[], object] | None = None
    settled: bool = False


@dataclass
class Report:
    """What became of effects (ids), in the order in which it happened.

    ``waiting_ids`` lists those still to be carried out; ``unavailable`` says why the other side
    could not be used.
    """

    done_ids: list[int] = field(default_factory=list)
    found_ids: list[int] = field(default_factory=list)
    rerouted_ids: list[int] = field(default_factory=list)
    superseded_ids: list[int] = field(default_factory=list)
    failed_ids: list[int] = field(default_factory=list)
    waiting_ids: list[int] = field(default_factory=list)
    unavailable: str | None = None

    @property
    def done(self) -> int:
        """How many are done now that were not known to be done before."""
        return len(self.done_ids) + len(self.found_ids)

    def note(self, outcome: Outcome, ids: Iterable[int]) -> None:
        """Add what became of some rows."""
        if outcome.fate is not Fate.LATER:
            getattr(self, f"{outcome.fate}_ids").extend(ids)
        if outcome.stop:
            self.unavailable = outcome.error

    def as_dict(self) -> dict[str, object]:
        """Counts, for an XCom or a log."""
        return {
            "done": self.done,
            "failed": len(self.failed_ids),
            "waiting": len(self.waiting_ids),
            "unavailable": self.unavailable,
        }


class Kind(ABC, Generic[Row]):
    """One kind of effect: its table, its words for the states, and how it is carried out.

    ``taken`` is the state of a claimed row where the table tells it from a waiting one. Up to
    ``batch`` rows are carried out in one call. ``patience`` is how many seconds to wait for rows
    that may go in a moment (:meth:`soon`).
    """

    name: ClassVar[str]
    model: ClassVar[Any]
    pending: ClassVar[str] = "pending"
    taken: ClassVar[str] = "pending"
    done: ClassVar[str] = "done"
    failed: ClassVar[str] = "failed"
    done_at: ClassVar[str]
    batch: ClassVar[int] = 1
    lease = LEASE
    patience = 0.0

    def prepare(self) -> None:
        """Get ready before anything is claimed.

        Raises:
            MissingConnection: the other side is not set up; everything waits.
        """

    def scope(self, session: Session, ids: Sequence[int]) -> Sequence[int]:  # noqa: ARG002
        """The rows to carry out when these are asked for."""
        return ids

    def due(self, session: Session, limit: int) -> Sequence[int]:
        """The oldest rows that could be carried out now, for the sweep."""
        statement = select(self.model.id).where(self.is_ready()).order_by(self.model.id)
        return session.scalars(statement.limit(limit)).all()

    def is_ready(self) -> ColumnElement[bool]:
        """Whether a row is open and neither waits nor is claimed by somebody."""
        free = self.model.not_before
        now = func.statement_timestamp()
        return self.is_open() & or_(free.is_(None), free <= now)

    def is_open(self) -> ColumnElement[bool]:
        """Whether a row is still to be carried out."""
        found: ColumnElement[bool] = self.model.state.in_({self.pending, self.taken})
        return found

    def next(self, session: Session, ids: Sequence[int]) -> Sequence[Row]:
        """The next rows of ``ids`` to carry out together, locked; none when none may go now."""
        statement = select(self.model).where(self.model.id.in_(ids), self.is_ready())
        return session.scalars(
            statement.order_by(self.model.id).limit(self.batch).with_for_update(skip_locked=True)
        ).all()

    def soon(self, session: Session, ids: Sequence[int]) -> bool:  # noqa: ARG002
        """Whether a row that may not go now may in a moment."""
        return False

    @abstractmethod
    def carry_out(self, rows: Sequence[Row]) -> Outcome:
        """Do it, outside of a transaction. Anything it raises is read by :meth:`read_error`."""

    def about(self, row: Row) -> tuple[int | None, str | None]:  # noqa: ARG002
        """The entry that an effect is for, if it is for one, and a word for what it is."""
        return None, None

    def read_error(self, rows: Sequence[Row], error: Exception) -> Outcome:  # noqa: ARG002
        """What an exception of :meth:`carry_out` means."""
        if isinstance(error, TransientError | MissingConnection):
            wait = getattr(error, "retry_after", None)
            return Outcome(Fate.LATER, str(error), wait, stop=True)
        if isinstance(error, FatalError):
            return Outcome(Fate.FAILED, str(error))
        return Outcome(Fate.LATER, describe(error))


def carry_out(
    kind: Kind[Row], ids: Iterable[int | None], *, later: Callable[..., Any] | None = None
) -> Report:
    """Carry out these effects now; what cannot be done now is left to :func:`sweep`.

    Call it after the commit of the transaction that wrote them. The other side being away is no
    error: the effects wait, and the report says so.

    Args:
        kind: What they are.
        ids: Of its table; ``None`` is skipped.
        later: Runs what follows an effect (:attr:`Outcome.after`), by default at once.
    """
    wanted = [one for one in ids if one is not None]
    with session_scope() as session:
        scope = kind.scope(session, wanted) if wanted else []
    return _run(kind, scope, wanted, later)


def sweep(kind: Kind[Row], limit: int = 200) -> Report:
    """Carry out what is due, interrupted effects too, oldest first; at most ``limit``."""
    with session_scope() as session:
        scope = kind.due(session, limit)
    return _run(kind, scope, scope, None)


def settle(session: Session, kind: Kind[Row], row: Row, outcome: Outcome) -> bool:
    """Record what became of a claimed row; false when it is not this claim's any more.

    A kind whose effect is in the product's own database calls it in the effect's transaction.
    """
    held = session.get_one(kind.model, row.id, with_for_update=True, populate_existing=True)
    if held.attempts != row.attempts or held.state not in (kind.pending, kind.taken):
        return False
    held.error = outcome.error
    if outcome.fate in (Fate.DONE, Fate.FOUND):
        held.state, held.not_before = kind.done, None
        setattr(held, kind.done_at, func.statement_timestamp())
    elif outcome.fate is Fate.FAILED:
        held.state, held.not_before = kind.failed, None
    elif outcome.fate is Fate.LATER:
        wait = backoff(row.attempts) if outcome.retry_after is None else outcome.retry_after
        held.state, held.not_before = kind.pending, _in(timedelta(seconds=wait))
    elif outcome.fate is Fate.REROUTED:
        held.state, held.not_before = kind.pending, None
    else:
        held.state, held.not_before = outcome.fate.value, None
    for name, value in outcome.changes.items():
        setattr(held, name, value)
    return True


def backoff(attempts: int) -> float:
    """Seconds to leave an effect alone after its ``attempts``-th attempt: 2, 4, 8 … 300."""
    return min(2.0 ** min(attempts, 10), LONGEST_WAIT)


def _run(
    kind: Kind[Row],
    scope: Sequence[int],
    wanted: Sequence[int],
    later: Callable[..., Any] | None,
) -> Report:
    report = Report()
    if not scope:
        return report
    try:
        kind.prepare()
    except MissingConnection as error:
        report.unavailable = str(error)
    deadline = time.monotonic() + kind.patience
    while report.unavailable is None:
        rows = _claim(kind, scope)
        if rows:
            _attempt(kind, rows, report, later)
            deadline = time.monotonic() + kind.patience
            continue
        with session_scope() as session:
            is_worth_waiting = kind.soon(session, scope)
        if not is_worth_waiting or time.monotonic() >= deadline:
            break
        time.sleep(_POLL_SECONDS)
    with session_scope() as session:
        still = select(kind.model.id).where(kind.model.id.in_(wanted), kind.is_open())
        report.waiting_ids = list(session.scalars(still.order_by(kind.model.id)))
    if report.failed_ids or report.waiting_ids:
        log.info("%s: %s", kind.name, report.as_dict())
    return report


def _claim(kind: Kind[Row], scope: Sequence[int]) -> Sequence[Row]:
    with session_scope() as session:
        rows = kind.next(session, scope)
        for row in rows:
            row.state, row.attempts = kind.taken, row.attempts + 1
            row.not_before = _in(kind.lease)
    return rows


def _attempt(
    kind: Kind[Row], rows: Sequence[Row], report: Report, later: Callable[..., Any] | None
) -> None:
    entry_id, what = kind.about(rows[0])
    with entry_span(f"send {kind.name}", entry_id, kind=what, attempts=rows[0].attempts) as note:
        outcome = _outcome(kind, rows)
        note(state=outcome.fate)
    if outcome.error and outcome.fate not in (Fate.DONE, Fate.FOUND):
        log.warning(
            "%s %s not done at attempt %s: %s",
            kind.name,
            rows[0].id,
            rows[0].attempts,
            outcome.error,
        )
    with session_scope() as session:
        ours = [r.id for r in rows if outcome.settled or settle(session, kind, r, outcome)]
    report.note(outcome, ours)
    if outcome.after is not None:
        (later or _now)(outcome.after)


def _outcome(kind: Kind[Row], rows: Sequence[Row]) -> Outcome:
    try:
        return kind.carry_out(rows)
    # Whatever goes wrong with one must stop neither the others nor the caller's task.
    except Exception as error:
        return kind.read_error(rows, error)


def _in(wait: timedelta) -> Any:
    return func.statement_timestamp() + wait


def _now(work: Callable[[], object]) -> None:
    work()
