"""One question about several entries that may belong to the same request: asked after a batch.

The durable hook, its buttons, who may answer, the reminder and the expiry are those of a question
about one entry (``include.entries.questions``); only the card and the number of entries differ.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, cast, func, select

from include.base.settings import load_settings
from include.durable.api import get_hook
from include.entries.question_cards import _card, card_key, lock_card, queue_card
from include.entries.questions import open_question
from include.outbox.messages import queue_message, queue_update
from include.slack.cards import blocks
from include.slack.cards.words import closed_words, remaining
from include.store.models import Decision, Entry, EntryStatus, Hook, Request, User
from include.store.session import session_scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.base.settings import Settings
    from include.durable.types import HookEvent, HookView

HANDLER = "group_question"
MOST_ENTRIES = 50
MOST_GROUPS = 500
ASKING_LOCK = 7_310_013

Group = dict[str, Any]


def lock_asking(session: Session) -> None:
    """Let nobody else plan and ask until the end of the transaction: a place is given once."""
    session.execute(select(func.pg_advisory_xact_lock(ASKING_LOCK)))


def plan_groups(
    session: Session, *, dag_id: str, run_id: str, ask: str | None = None
) -> list[Group]:
    """The run's entries that wait for a person, one group a request and person, in a fixed order.

    What the run has asked already keeps its place, so that a repeat waits for the same questions.

    Args:
        session: The caller's transaction.
        dag_id: Of the run that carries the entries out.
        run_id: That run.
        ask: Slack user id of the one to be asked about all; by default each submitter about theirs.
    """
    groups = _asked_before(session, dag_id, run_id)
    asked = {entry_id for group in groups for entry_id, _ in group["entries"]}
    rows = session.execute(
        select(Entry.id, Decision.request_id, Decision.confidence, User.slack_user_id, Request.slug)
        .join(Decision, (Decision.entry_id == Entry.id) & (Decision.step == "match"))
        .join(Request, Request.id == Decision.request_id)
        .outerjoin(User, User.id == Entry.submitter_id)
        .where(
            Entry.dag_id == dag_id,
            Entry.run_id == run_id,
            Entry.status.in_((EntryStatus.WAITING, EntryStatus.FAILED)),
            Decision.route == "ask",
        )
    ).all()

    def place(row: Any) -> tuple[int, str]:
        return row.request_id, ask or row.slack_user_id or ""

    new = [row for row in rows if row.id not in asked]
    for (request_id, person), members in groupby(
        sorted(new, key=lambda row: (*place(row), row.id)), key=place
    ):
        entries = [(row.id, row.confidence, row.slug) for row in members]
        for start in range(0, len(entries), MOST_ENTRIES):
            part = entries[start : start + MOST_ENTRIES]
            pairs = [[entry_id, confidence] for entry_id, confidence, _ in part]
            groups.append(_group(part[0][2], request_id, person or None, pairs))
    return groups[:MOST_GROUPS]


def _group(slug: str, request_id: int, person: str | None, entries: list[list[Any]]) -> Group:
    return {
        "label": f"{slug} ({len(entries)})",
        "request_id": request_id,
        "person": person,
        "entries": entries,
    }


def _asked_before(session: Session, dag_id: str, run_id: str) -> list[Group]:
    """The groups of the run's questions, each at the place of its wait."""
    rows = session.execute(
        select(Hook.map_index, Hook.question, Hook.responders, Request.slug)
        .join(Request, Request.id == cast(Hook.question["request_id"].astext, BigInteger))
        .where(
            Hook.dag_id == dag_id, Hook.run_id == run_id, Hook.is_current, Hook.handler == HANDLER
        )
        .order_by(Hook.map_index)
    ).all()
    return [
        _group(
            row.slug,
            int(row.question["request_id"]),
            next((one.partition(":")[2] for one in row.responders), None),
            row.question["entries"],
        )
        for row in rows
    ]


def count_asked(session: Session, *, dag_id: str, run_id: str) -> int:
    """How many groups of a run were asked: the place of the next one."""
    return len(_asked_before(session, dag_id, run_id))


def ask_group(
    session: Session,
    group: Group,
    *,
    dag_id: str,
    run_id: str,
    map_index: int,
    settings: Settings,
) -> list[int]:
    """Open the durable hook of a group and queue its card; a repeat changes nothing."""
    request = session.get_one(Request, group["request_id"])
    person = group["person"]
    hook = open_question(
        session,
        request,
        {"entries": group["entries"]},
        person=person,
        handler=HANDLER,
        dag_id=dag_id,
        run_id=run_id,
        settings=settings,
        map_index=map_index,
    )
    card = _card(session, hook, request, settings)
    return [queue_card(session, hook, card, person, settings)]


def on_hook_event(hook: HookView, event: HookEvent) -> None:
    """Hear of a reminder, an expiry, a cancellation or a reopening (see ``durable.handlers``)."""
    from include.outbox.sender import deliver

    with session_scope() as session:
        current = get_hook(session, hook.id)
        if current is None:
            return
        if event == "remind" and current.is_open:
            message_ids = _queue_reminder(session, current)
        elif event == "reopened":
            message_ids = _queue_reopened(session, current)
        elif not current.is_open:
            message_ids = lock_card(session, current, closed_words(current))
        else:
            return
    deliver(message_ids)


def _queue_reminder(session: Session, hook: HookView) -> list[int]:
    request = session.get_one(Request, hook.question["request_id"])
    card = blocks.reminder_card(
        request_title=request.title, question_link=None, expires_in=remaining(hook)
    )
    person = next((one.partition(":")[2] for one in hook.responders), None)
    return [
        queue_message(
            session,
            key=f"remind:{hook.id}",
            purpose="reminder",
            address=person or load_settings().review_channel,
            body=card.text,
            blocks=card.blocks,
            hook_id=hook.id,
        )
    ]


def _queue_reopened(session: Session, hook: HookView) -> list[int]:
    request = session.get_one(Request, hook.question["request_id"])
    card = _card(session, hook, request, load_settings())
    message_id = queue_update(
        session,
        key=f"reopened:{hook.id}:{hook.waiter}",
        target_key=card_key(hook),
        body=card.text,
        blocks=card.blocks,
        hook_id=hook.id,
    )
    return [message_id] if message_id is not None else []
