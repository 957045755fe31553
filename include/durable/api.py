"""The durable hooks table's API for tasks, the relay and pages (synchronous, SQLAlchemy).

Every function works inside the caller's transaction: a question and its card's message are
written together, an answer and its effect are too. Waiting itself is in ``include.durable.loop``.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.base.errors import FatalError
from include.durable.keys import hook_key, sign
from include.durable.types import AnswerResult, AnswerStatus, HookView
from include.store.models import Hook, HookKey, HookStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import timedelta
    from uuid import UUID

    from sqlalchemy import ColumnExpressionArgument, Select, Update
    from sqlalchemy.orm import Session
    from sqlalchemy.sql.dml import ReturningUpdate

COLUMNS = ", ".join(f.name for f in fields(HookView))
VIEW = tuple(getattr(Hook, f.name) for f in fields(HookView))
NOW = func.durable_now()


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
    existing = find_hook(session, key, lock=True)
    if existing is not None and existing.status != HookStatus.CANCELLED:
        return existing
    if existing is not None:
        session.execute(update(Hook).where(Hook.id == existing.id).values(is_current=False))
    return _created(
        session,
        key=key,
        round=existing.round + 1 if existing else 1,
        kind=kind,
        dag_id=dag_id,
        run_id=run_id,
        map_index=map_index,
        handler=handler,
        question=question or {},
        responders=list(responders),
        remind_at=None if remind_after is None else NOW + remind_after,
        expires_at=None if expires_after is None else NOW + expires_after,
    )


def create_sleep(
    session: Session, *, dag_id: str, run_id: str, name: str, duration: timedelta
) -> HookView:
    """Begin the sleep ``name`` of a run before its ``SleepSensor`` starts, or return it.

    For a length that is a setting (a sensor's own is fixed when the DAG is parsed), and so that a
    sleep can be ended before its sensor has started. A repeated call changes nothing.
    """
    return _created(
        session,
        key=hook_key(dag_id, run_id, name),
        kind="sleep",
        dag_id=dag_id,
        run_id=run_id,
        due_at=NOW + duration,
    )


def find_hook(session: Session, key: str, *, lock: bool = False) -> HookView | None:
    """The current round of the hook with this key."""
    statement = select(*VIEW).where(Hook.key == key, Hook.is_current)
    return _view(session, statement.with_for_update() if lock else statement)


def get_hook(session: Session, hook_id: UUID) -> HookView | None:
    """The hook with this id, of whatever round."""
    return _view(session, select(*VIEW).where(Hook.id == hook_id))


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
    in_time = Hook.expires_at.is_(None) | (Hook.expires_at > NOW)
    statement = close(
        HookStatus.ANSWERED, Hook.id == hook_id, Hook.is_current, in_time, by=by, via=via
    )
    recorded = _view(session, statement.values(answer=answer).returning(*VIEW))
    if recorded is not None:
        return AnswerResult(AnswerStatus.RECORDED, recorded)
    return AnswerResult(AnswerStatus.TOO_LATE, get_hook(session, hook_id))


def cancel_hook(session: Session, hook_id: UUID, *, by: str, via: str) -> bool:
    """Close an open hook without an answer; false when it was closed already."""
    statement = close(HookStatus.CANCELLED, Hook.id == hook_id, by=by, via=via)
    return session.execute(statement.returning(Hook.id)).one_or_none() is not None


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


def _created(session: Session, **values: Any) -> HookView:
    session.execute(insert(Hook).values(values).on_conflict_do_nothing())
    created = find_hook(session, values["key"])
    if created is None:  # the conflicting row was removed meanwhile
        raise FatalError(f"durable hook {values['key']!r} vanished while it was created")
    return created


def close(
    status: HookStatus, *which: ColumnExpressionArgument[bool], by: str | None = None, via: str
) -> Update:
    """The statement that closes those of the hooks that are still open."""
    closed = {"status": status, "closed_at": NOW, "answered_by": by, "answered_via": via}
    return (
        update(Hook)
        .where(*which, Hook.status == HookStatus.PENDING)
        .values(closed)
        .execution_options(synchronize_session=False)
    )


def _view(session: Session, statement: Select[Any] | ReturningUpdate[Any]) -> HookView | None:
    row = session.execute(statement).one_or_none()
    return None if row is None else HookView(*row)
