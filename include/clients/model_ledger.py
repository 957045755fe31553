"""The ledger of model calls in the product's database: stored answers, budget, health."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import false, func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.agents.ledger import FINAL, CallOutcome, Health, Opened, Result, still_lacking
from include.store.locks import AdvisoryLock, hold
from include.store.models import ModelCall, ModelServer

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from include.agents.ledger import Call
    from include.store.session import SessionScope

ERROR_MAX = 500


@dataclass(frozen=True)
class StoreLedger:
    """Writes every call into ``model_calls``; each method is one short transaction.

    Args:
        scope: Opens a transaction.
        budget: US dollars for a day (UTC).
    """

    scope: SessionScope
    budget: Decimal

    def open(self, call: Call) -> Opened:
        """A stored answer, or the reservation of a new call, unless server or budget forbid it."""
        with self.scope() as session:
            known = session.execute(
                select(ModelServer.lacking, ModelServer.resting_until > func.now()).where(
                    ModelServer.server == call.server
                )
            ).one_or_none()
            lacking = frozenset[str]()
            if known and known[0]:
                lacking = still_lacking(known[0], _now(session))
            stored = session.scalars(
                select(ModelCall)
                .where(ModelCall.call_key == call.call_key, ModelCall.outcome.in_(FINAL))
                .order_by(ModelCall.id)
                .limit(1)
            ).one_or_none()
            if stored is not None:
                return Opened(stored=_result(stored), lacking=lacking)
            if known and known[1]:
                return Opened(closed="resting", lacking=lacking)
            hold(session, AdvisoryLock.RESERVING_MONEY)  # two calls cannot share what is left
            if spent_today(session) + call.reserved > self.budget:
                return Opened(closed="budget", lacking=lacking)
            row = ModelCall(
                call_key=call.call_key,
                task=call.task,
                model=call.model,
                prompt_version=call.prompt_version,
                server=call.server,
                key=call.key,
                entry_id=call.entry_id,
                outcome=CallOutcome.STARTED,
                cost=call.reserved,
            )
            session.add(row)
            session.flush()
            return Opened(call_id=row.id, lacking=lacking)

    def close(self, call_id: int, call: Call, result: Result) -> None:
        """Write down how a call ended and how its server does."""
        with self.scope() as session:
            session.execute(
                update(ModelCall)
                .where(ModelCall.id == call_id)
                .values(
                    outcome=result.outcome,
                    requests=result.requests,
                    tokens_in=result.tokens_in,
                    tokens_out=result.tokens_out,
                    cost=result.cost,
                    seconds=result.seconds,
                    answer=result.answer,
                    error=(result.error or "")[:ERROR_MAX] or None,
                    finished_at=func.clock_timestamp(),
                )
            )
            server = _server(session, call.server, call.model)
            now = _now(session)
            health = Health(server.failures, server.resting_until).after(result, now)
            server.failures, server.resting_until = health.failures, health.resting_until
            if result.outcome is CallOutcome.ANSWERED:
                server.last_answer_at = now
            else:
                server.last_error, server.last_error_at = (result.error or "")[:ERROR_MAX], now

    def note_lacking(self, call: Call, feature: str) -> None:
        """Remember what a server cannot do, for a day."""
        with self.scope() as session:
            server = _server(session, call.server, call.model)
            found_at = _now(session).isoformat(timespec="seconds")
            server.lacking = server.lacking | {feature: found_at}

    def note(self, server: str, model: str, name: str, words: str) -> None:
        """Remember something that an operator should know, with how often it was said."""
        with self.scope() as session:
            row = _server(session, server, model)
            times = int(row.notes.get(name, {}).get("times", 0)) + 1
            now = _now(session)
            noted = {"words": words, "times": times, "at": now.isoformat(timespec="seconds")}
            row.notes = row.notes | {name: noted}


def forget_lacks(session: Session) -> int:
    """Let every server be tried anew: what it lacks and its rest are forgotten; how many."""
    return len(
        session.scalars(
            update(ModelServer)
            .where((ModelServer.lacking != {}) | ModelServer.resting_until.is_not(None))
            .values(lacking={}, failures=0, resting_until=None)
            .returning(ModelServer.server)
        ).all()
    )


def use_server(session: Session, server: str | None, model: str | None) -> bool:
    """Note which server the connection names (none: no connection); true when that is news."""
    if server is not None:
        session.execute(
            insert(ModelServer).values(server=server, model=model).on_conflict_do_nothing()
        )
    wanted = ModelServer.server == server if server is not None else false()
    statement = update(ModelServer).where(ModelServer.in_use != wanted).values(in_use=wanted)
    return bool(session.scalars(statement.returning(ModelServer.server)).all())


def spent_today(session: Session) -> Decimal:
    """US dollars since midnight UTC: what was paid, and what is reserved."""
    today = func.date_trunc("day", func.now(), "UTC")
    statement = select(func.coalesce(func.sum(ModelCall.cost), 0))
    return session.scalar(statement.where(ModelCall.created_at >= today)) or Decimal(0)


def _now(session: Session) -> datetime:
    """The database's clock; inside a transaction it goes on."""
    now: datetime = session.scalars(select(func.clock_timestamp())).one()
    return now


def _server(session: Session, server: str, model: str) -> ModelServer:
    """The row of a server, locked; made on first use."""
    session.execute(insert(ModelServer).values(server=server, model=model).on_conflict_do_nothing())
    return session.scalars(
        select(ModelServer).where(ModelServer.server == server).with_for_update()
    ).one()


def _result(row: ModelCall) -> Result:
    return Result(
        outcome=CallOutcome(row.outcome),
        requests=row.requests,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        cost=row.cost,
        seconds=row.seconds or 0.0,
        answer=row.answer,
        error=row.error,
    )
