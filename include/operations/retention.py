"""Forgetting what is older than the setting ``retention`` says; customers' entries stay.

Rows that make repeats harmless are blanked, the others deleted; a few thousand in a transaction.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, or_, select, update

from include.agents.ledger import CallOutcome
from include.base.settings import load_settings
from include.store.models import (
    AnalyticsEvent,
    AuditRow,
    EventState,
    Message,
    MessageState,
    ModelCall,
    RunStart,
    RunStartState,
    ShadowVerdict,
    SlackCapture,
    SlackEvent,
    SlackPerson,
)
from include.store.models.lifecycle import AnalyticsState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from include.base.settings import Retention
    from include.store.session import SessionScope

BATCH = 2_000

BLANK: Mapping[str, dict[str, Any]] = {
    "messages": {"body": "", "blocks": []},
    # An answered call has an answer, so it counts from then on as one that came to nothing.
    "model_answers": {"answer": None, "outcome": CallOutcome.UNAVAILABLE},
    "captures": {"thread": [], "summary": None, "pain": None, "permalink": None},
}
"""What is set in rows that stay; rows of other kinds are deleted."""


def forget_old(scope: SessionScope, *, dry_run: bool) -> dict[str, int]:
    """Forget what is old, or only count it; how many rows of each kind.

    A run that is cut short goes on with the next one.
    """
    return {
        kind: _count(scope, model, which) if dry_run else _forget(scope, kind, model, which)
        for kind, (model, which) in _old(load_settings().retention).items()
    }


def _old(keep: Retention) -> dict[str, tuple[Any, ColumnElement[bool]]]:
    def before(column: Any, days: int) -> ColumnElement[bool]:
        old: ColumnElement[bool] = column < func.now() - timedelta(days=days)
        return old

    ended = (EventState.DONE, EventState.FAILED)
    final = (MessageState.SENT, MessageState.FAILED, MessageState.SUPERSEDED)
    has_words = or_(
        SlackCapture.thread != [], SlackCapture.summary.is_not(None), SlackCapture.pain.is_not(None)
    )
    return {
        "slack_calls": (
            SlackEvent,
            SlackEvent.state.in_(ended) & before(SlackEvent.received_at, keep.slack_calls),
        ),
        "messages": (
            Message,
            Message.state.in_(final)
            & (Message.body != "")
            & before(Message.created_at, keep.messages),
        ),
        "model_answers": (
            ModelCall,
            ModelCall.answer.is_not(None) & before(ModelCall.created_at, keep.model_answers),
        ),
        "captures": (SlackCapture, has_words & before(SlackCapture.updated_at, keep.captures)),
        "run_starts": (
            RunStart,
            (RunStart.state != RunStartState.PENDING)
            & before(RunStart.created_at, keep.run_starts),
        ),
        "events": (
            AnalyticsEvent,
            (AnalyticsEvent.state == AnalyticsState.DONE)
            & before(AnalyticsEvent.occurred_at, keep.events),
        ),
        "people": (SlackPerson, before(SlackPerson.checked_at, keep.people)),
        "shadow_verdicts": (ShadowVerdict, before(ShadowVerdict.created_at, keep.shadow_verdicts)),
        "audit": (AuditRow, before(AuditRow.done_at, keep.audit)),
    }


def _count(scope: SessionScope, model: Any, which: ColumnElement[bool]) -> int:
    with scope() as session:
        return session.scalar(select(func.count()).select_from(model).where(which)) or 0


def _forget(scope: SessionScope, kind: str, model: Any, which: ColumnElement[bool]) -> int:
    [key] = model.__table__.primary_key.columns
    gone = 0
    while True:
        with scope() as session:
            ids = session.scalars(select(key).where(which).order_by(key).limit(BATCH)).all()
            if ids:
                # Written as tables: ``updated_at`` says when a person's thing changed, not this.
                table = model.__table__
                values = BLANK.get(kind)
                statement: Any = delete(table) if values is None else update(table).values(values)
                session.execute(statement.where(key.in_(ids)))
        gone += len(ids)
        if len(ids) < BATCH:
            return gone
