"""Calls that come in the same moment are stored in one transaction.

A commit takes longer than everything else about a call. So one thread writes for all that wait,
and those that come meanwhile are written together by the next. Each call is still committed before
it is acknowledged.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from include.base.errors import TransientError
from include.relay.events import row_of
from include.store.models.slack import SlackEvent
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.relay.incoming import Incoming

AT_ONCE = 100

_INSERT = text(
    """
    INSERT INTO slack_events (key, kind, team_id, user_id, channel_id, payload, dag_id, run_id,
                              run_conf)
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r(key text, kind text, team_id text, user_id text, channel_id text, payload jsonb,
             dag_id text, run_id text, run_conf jsonb)
    ON CONFLICT (key) DO NOTHING RETURNING key, id
    """
)


@dataclass
class _Call:
    """A call, and what became of it once ``turn`` is set; ``writes`` asks its thread to write."""

    incoming: Incoming
    turn: threading.Event = field(default_factory=threading.Event)
    writes: bool = False
    event_id: int | None = None
    error: Exception | None = None


class Together:
    """Stores the calls of several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Call] = []
        self._is_writing = False

    def store(self, incoming: Incoming) -> int:
        """Store the call, or find it if it is a repeat; the event's id, once it is committed.

        Raises:
            TransientError: the database is away.
            UnstorableValue: the call holds what no row can hold.
        """
        call = _Call(incoming)
        with self._lock:
            self._waiting.append(call)
            if not self._is_writing:
                self._is_writing = call.writes = True
        if not call.writes:
            call.turn.wait()
        if call.writes:
            self._write(call)
        if call.event_id is None:
            raise call.error or TransientError("The call could not be stored now.")
        return call.event_id

    def _write(self, mine: _Call) -> None:
        """Write what waits, which begins with this thread's own, and hand over to the next."""
        with self._lock:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        try:
            _store(batch)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._is_writing = following is not None
            if following is not None:
                following.writes = True
                following.turn.set()
            for call in batch:
                if call is not mine:
                    call.turn.set()


def _store(calls: Sequence[_Call]) -> None:
    """Store all in one transaction; where one is refused, each by itself."""
    try:
        _insert(calls)
    except Exception as error:
        if len(calls) > 1 and not isinstance(error, TransientError):
            for call in calls:
                _store([call])
            return
        for call in calls:
            call.error = error


def _insert(calls: Sequence[_Call]) -> None:
    rows = [row_of(call.incoming) for call in calls]
    with session_scope() as session:
        stored = session.execute(_INSERT, {"rows": json.dumps(rows)})
        found = {row.key: row.id for row in stored}
        if missing := {row["key"] for row in rows} - found.keys():
            known = select(SlackEvent.key, SlackEvent.id).where(SlackEvent.key.in_(missing))
            found |= {row.key: row.id for row in session.execute(known)}
    for call, row in zip(calls, rows, strict=True):
        call.event_id = found[row["key"]]


_together = Together()


def store_call(incoming: Incoming) -> int:
    """Store a call with those that come in the same moment; see :meth:`Together.store`."""
    return _together.store(incoming)
