"""All that is known about one entry: a fixed number of queries, sorted into one line of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from include.entries.spoken_for import reasons_with_evidence
from include.store.models import (
    Account,
    Decision,
    Entry,
    Feedback,
    Hook,
    Message,
    ModelCall,
    Opportunity,
    ParkedRun,
    Request,
    RunStart,
    SlackCapture,
    ThresholdSet,
    User,
)
from include.web.names import Names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

MOST = 100
"""Of each kind: an entry that was told and retried for weeks is cut, and the page says so."""


@dataclass(frozen=True)
class Event:
    """Something that happened to the entry; ``kind`` names the template's way of showing it."""

    at: datetime
    kind: str
    about: Any


@dataclass(frozen=True)
class EntryPage:
    """The rows of the page.

    ``evidence`` is where the entry is attached now, ``before`` where it was until it was moved;
    ``reasons`` are of the decisions, with the feedback nearest to it.
    """

    entry: Entry
    submitter: User | None
    account: Account | None
    opportunity: Opportunity | None
    capture: SlackCapture | None
    evidence: Any | None
    before: Any | None
    parts: Sequence[Any]
    thresholds: dict[int, ThresholdSet]
    requests: dict[int, Any]
    reasons: dict[int, str]
    names: Names
    parked: ParkedRun | None
    is_cut: bool
    line: list[Event] = field(default_factory=list)


def entry_of_run(
    session: Session, dag_id: str, run_id: str, after: int = 0
) -> tuple[list[int], int | None]:
    """The entries that a run carries out, or was started for; and after which the next begin."""
    own = select(Entry.id).where(Entry.dag_id == dag_id, Entry.run_id == run_id, Entry.id > after)
    found = list(session.scalars(own.order_by(Entry.id).limit(MOST + 1)))
    if found or after:
        return found[:MOST], found[MOST - 1] if len(found) > MOST else None
    conf = session.scalar(
        select(RunStart.conf["entry_id"].astext).where(
            RunStart.dag_id == dag_id, RunStart.run_id == run_id
        )
    )
    return [int(conf)] if conf and conf.isdigit() else [], None


def read_entry(session: Session, entry_id: int) -> EntryPage | None:
    """Everything about an entry; None when there is none."""
    head = session.execute(
        select(Entry, User, Account, Opportunity, SlackCapture)
        .outerjoin(User, User.id == Entry.submitter_id)
        .outerjoin(Account, Account.id == Entry.account_id)
        .outerjoin(Opportunity, Opportunity.id == Entry.opportunity_id)
        .outerjoin(SlackCapture, SlackCapture.key == Entry.external_id)
        .where(Entry.id == entry_id)
    ).one_or_none()
    if head is None:
        return None
    entry: Entry = head[0]
    run = (entry.dag_id, entry.run_id)
    decisions = _first(session, Decision, Decision.entry_id == entry_id, Decision.id)
    calls = _first(session, ModelCall, ModelCall.entry_id == entry_id, ModelCall.id)
    messages = _first(session, Message, Message.entry_id == entry_id, Message.id)
    hooks = [
        hook
        for hook in session.scalars(
            select(Hook)
            .where(
                Hook.dag_id == run[0],
                Hook.run_id == run[1],
                Hook.question["entries"].contains([[entry_id]]),
            )
            .order_by(Hook.created_at)
            .limit(MOST)
        )
        if any(int(one[0]) == entry_id for one in hook.question.get("entries", []))
    ]
    evidence = session.execute(
        select(Feedback, Request.slug, Request.title)
        .join(Request, Request.id == Feedback.request_id)
        .where(Feedback.entry_id == entry_id)
        .order_by(Feedback.removed_at.desc().nulls_first(), Feedback.id.desc())
        .limit(MOST)
    ).all()
    versions = {one.thresholds_version for one in decisions if one.thresholds_version}
    named = {one.request_id for one in decisions if one.request_id}
    named |= {int(c["request_id"]) for one in decisions for c in one.candidates}
    named |= {int(hook.question["request_id"]) for hook in hooks if "request_id" in hook.question}
    labels = [one.actor for one in decisions] + [hook.answered_by for hook in hooks]
    labels += [row.Feedback.removed_by for row in evidence] + [entry.restored_by]
    now = next((row for row in evidence if row.Feedback.removed_at is None), None)
    page = EntryPage(
        entry=entry,
        submitter=head[1],
        account=head[2],
        opportunity=head[3],
        capture=head[4],
        evidence=now,
        before=next((row for row in evidence if now and row.slug != now.slug), None),
        parts=session.execute(
            select(Entry.id, Entry.customer_pain, Entry.status, Entry.outcome)
            .where(or_(Entry.parent_id == entry_id, Entry.id == (entry.parent_id or 0)))
            .order_by(Entry.id)
        ).all(),
        thresholds={
            row.version: row
            for row in session.scalars(
                select(ThresholdSet).where(ThresholdSet.version.in_(versions))
            )
        },
        requests={
            row.id: row
            for row in session.execute(
                select(Request.id, Request.slug, Request.title, Request.status).where(
                    Request.id.in_(named)
                )
            )
        },
        reasons=reasons_with_evidence(session, decisions),
        names=Names(session, labels),
        parked=session.scalars(
            select(ParkedRun).where(ParkedRun.dag_id == run[0], ParkedRun.run_id == run[1])
        ).one_or_none(),
        is_cut=any(len(rows) == MOST for rows in (decisions, calls, messages, hooks, evidence)),
    )
    line = [Event(entry.created_at, "stored", entry)]
    line += [Event(one.decided_at, "decision", one) for one in decisions]
    line += [Event(one.created_at, "model_call", one) for one in calls]
    line += [Event(one.created_at, "message", one) for one in messages]
    for hook in hooks:
        line.append(Event(hook.created_at, "asked", hook))
        line += [Event(hook.reminded_at, "reminded", hook)] if hook.reminded_at else []
        line += [Event(hook.closed_at, "closed", hook)] if hook.closed_at else []
    line += [Event(row.Feedback.created_at, "attached", row) for row in evidence]
    removed = [row for row in evidence if row.Feedback.removed_at]
    line += [Event(row.Feedback.removed_at, "removed", row) for row in removed]
    if entry.restored_at:
        line.append(Event(entry.restored_at, "restored", entry))
    if page.parked:
        line.append(Event(page.parked.created_at, "parked", page.parked))
    page.line.extend(sorted(line, key=lambda event: event.at))
    return page


def _first(session: Session, model: Any, condition: Any, order: Any) -> Sequence[Any]:
    return session.scalars(select(model).where(condition).order_by(order).limit(MOST)).all()


def runs_entries(session: Session, entry_ids: list[int]) -> Sequence[Any]:
    """The entries of one run, for choosing among them."""
    words = func.left(Entry.customer_pain, 160).label("words")
    return session.execute(
        select(Entry.id, words, Entry.status, Entry.outcome)
        .where(Entry.id.in_(entry_ids))
        .order_by(Entry.id)
    ).all()
