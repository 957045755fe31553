"""The durable hooks table's API for tasks, the relay and pages (synchronous, SQLAlchemy).

Every function works inside the caller's transaction: a question and its card's message are
written together, an answer and its effect are too. Waiting itself is in ``include.durable.loop``.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB

from include.base.errors import FatalError
from include.durable.keys import hook_key, sign
from include.durable.types import AnswerResult, AnswerStatus, HookView
from include.store.models import HookKey

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import timedelta
    from uuid import UUID

    from sqlalchemy.orm import Session

COLUMNS = ", ".join(f.name for f in fields(HookView))


def create_hook(
    session: Session,
    *,
    dag_id: str,
    run_id: str,
    name: str,
    kind: str,
    map_index: int = -1,
    question: dict[str, Any] | None = None,
    responders: Collection[str] = (),
    handler: str | None = None,
    remind_after: timedelta | None = None,
    expires_after: timedelta | None = None,
) -> HookView:
    """Open the wait ``name`` of a run, or return it as it stands when it exists.

    Call it before the card is posted: an answer that lands before the sensor starts counts. A
    repeated call changes nothing, except after a cancellation by the product: then it asks again
    (a new round; the old one stays as history).

    Args:
        session: The caller's transaction.
        dag_id: DAG of the waiting run.
        run_id: The waiting run.
        name: What the wait is called in its DAG; ``HookSensor(name=...)`` waits for it.
        kind: ``approval`` or another word for what is asked.
        map_index: Of the mapped sensor, -1 when it is not mapped.
        question: What was shown and the options (JSON); ids and short texts.
        responders: Who may answer, as ``slack:U123`` or ``user:name``; empty = anybody signed in.
        handler: Word of the registered handler that hears of reminders and closings.
        remind_after: From now; ``None`` for no reminder.
        expires_after: From now; ``None`` to wait for ever.
    """
    key = hook_key(dag_id, run_id, name, map_index)
    values = {
        "key": key,
        "kind": kind,
        "dag_id": dag_id,
        "run_id": run_id,
        "map_index": map_index,
        "handler": handler,
        "question": question or {},
        "responders": list(responders),
        "remind_after": remind_after,
        "expires_after": expires_after,
    }
    existing = find_hook(session, key, lock=True)
    if existing is not None and existing.status != "cancelled":
        return existing
    if existing is not None:
        session.execute(
            text("UPDATE hooks SET is_current = false WHERE id = :id"), {"id": existing.id}
        )
    session.execute(_INSERT, values | {"round": existing.round + 1 if existing else 1})
    created = find_hook(session, key)
    if created is None:  # the conflicting row was removed meanwhile
        raise FatalError(f"durable hook {key!r} vanished while it was created")
    return created


_INSERT = text(
    """
    INSERT INTO hooks (key, round, kind, dag_id, run_id, map_index, handler, question, responders,
                       remind_at, expires_at)
    VALUES (:key, :round, :kind, :dag_id, :run_id, :map_index, :handler, :question, :responders,
            durable_now() + CAST(:remind_after AS interval),
            durable_now() + CAST(:expires_after AS interval))
    ON CONFLICT DO NOTHING
    """
).bindparams(bindparam("question", type_=JSONB), bindparam("responders", type_=JSONB))

_ANSWER = text(
    f"""
    UPDATE hooks
       SET status = 'answered', answer = :answer, answered_by = :by, answered_via = :via,
           closed_at = durable_now()
     WHERE id = :id AND is_current AND status = 'pending'
       AND (expires_at IS NULL OR expires_at > durable_now())
    RETURNING {COLUMNS}
    """
).bindparams(bindparam("answer", type_=JSONB))


def find_hook(session: Session, key: str, *, lock: bool = False) -> HookView | None:
    """The current round of the hook with this key."""
    statement = f"SELECT {COLUMNS} FROM hooks WHERE key = :key AND is_current"
    row = session.execute(text(statement + (" FOR UPDATE" if lock else "")), {"key": key})
    return _view(row.mappings().one_or_none())


def get_hook(session: Session, hook_id: UUID) -> HookView | None:
    """The hook with this id, of whatever round."""
    row = session.execute(text(f"SELECT {COLUMNS} FROM hooks WHERE id = :id"), {"id": hook_id})
    return _view(row.mappings().one_or_none())


def answer_hook(
    session: Session,
    hook_id: UUID,
    *,
    answer: dict[str, Any],
    by: str,
    via: str,
    is_approver: Callable[[str], bool] = lambda _by: False,
) -> AnswerResult:
    """Record the first valid answer; everybody later is told the recorded outcome.

    Args:
        session: The caller's transaction; effects of the answer belong into the same one.
        hook_id: From the verified token of a button.
        answer: What was chosen (JSON), e.g. ``{"choice": "attach"}``.
        by: Who answers, in the form of ``responders``.
        via: ``slack``, ``web``, ``api``.
        is_approver: Whether ``by`` may answer although not among the responders.
    """
    hook = get_hook(session, hook_id)
    if hook is None:
        return AnswerResult(AnswerStatus.UNKNOWN)
    if hook.responders and by not in hook.responders and not is_approver(by):
        return AnswerResult(AnswerStatus.NOT_ALLOWED, hook)
    row = session.execute(
        _ANSWER, {"id": hook_id, "answer": answer, "by": by, "via": via}
    ).mappings()
    recorded = _view(row.one_or_none())
    if recorded is not None:
        return AnswerResult(AnswerStatus.RECORDED, recorded)
    return AnswerResult(AnswerStatus.TOO_LATE, get_hook(session, hook_id))


def cancel_hook(session: Session, hook_id: UUID, *, by: str, via: str) -> bool:
    """Close an open hook without an answer; false when it was closed already."""
    statement = text(
        "UPDATE hooks SET status = 'cancelled', closed_at = durable_now(), answered_by = :by, "
        "answered_via = :via WHERE id = :id AND status = 'pending' RETURNING id"
    )
    row = session.execute(statement, {"id": hook_id, "by": by, "via": via})
    return row.one_or_none() is not None


def signing_keys(session: Session) -> list[bytes]:
    """The keys in force, newest first: sign with the first, accept any."""
    in_force = select(HookKey.secret).where(HookKey.retired_at.is_(None))
    keys = list(session.scalars(in_force.order_by(HookKey.id.desc())))
    if not keys:
        raise FatalError("hook_keys has no key in force: insert one of at least 32 random bytes")
    return keys


def hook_token(session: Session, hook_id: UUID) -> str:
    """The token a button of this hook carries; the same on every call."""
    return sign("hook", str(hook_id), signing_keys(session)[0])


def _view(row: RowMapping | None) -> HookView | None:
    return HookView(**row) if row is not None else None


def create_sleep(
    session: Session, *, dag_id: str, run_id: str, name: str, duration: timedelta
) -> HookView:
    """Begin the sleep ``name`` of a run before its ``SleepSensor`` starts, or return it.

    For a length that is a setting (a sensor's own is fixed when the DAG is parsed), and so that a
    sleep can be ended before its sensor has started. A repeated call changes nothing.
    """
    key = hook_key(dag_id, run_id, name)
    session.execute(
        _SLEEP,
        {"key": key, "dag_id": dag_id, "run_id": run_id, "duration": duration},
    )
    created = find_hook(session, key)
    if created is None:
        raise FatalError(f"durable hook {key!r} vanished while it was created")
    return created


_SLEEP = text(
    """
    INSERT INTO hooks (key, kind, dag_id, run_id, map_index, due_at)
    VALUES (:key, 'sleep', :dag_id, :run_id, -1, durable_now() + CAST(:duration AS interval))
    ON CONFLICT DO NOTHING
    """
)
