"""Asking a person whether entries belong to a request: the question, the answer, what follows.

A question is about a list of entries that may belong to one request; after a batch about several,
after a run of one entry about that one. The durable hook's row and the card's message are written
together before anything is posted; the answer, the decisions and the locked card are written
together in the transaction of the press.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, cast, func, select

from include.base.errors import FatalError
from include.base.settings import load_settings
from include.base.tracing import mark
from include.durable.api import answer_hook, create_hook, get_hook, signing_keys
from include.durable.keys import InvalidToken, verify_hook_token
from include.durable.types import AnswerStatus
from include.engine.dag_ids import MAIN_DAG
from include.entries.addressee import chain_of, choose
from include.entries.asked import asked_about, entry_ids, only_entry
from include.entries.attention import UNPOSTED, asked_person, has_room, is_unposted, weight
from include.entries.decisions import record_decision
from include.entries.entry import get_entry
from include.entries.question_cards import queue_card
from include.entries.show import show_question
from include.entries.state import HANDLER, question_state
from include.outbox.messages import queue_message
from include.outbox.replies import AnswerReply
from include.outbox.runs import queue_entry
from include.people.actor import Action, label_of, may, refusal_words
from include.people.audit import write_down
from include.slack.cards import blocks
from include.slack.cards.markup import joined, markup
from include.slack.cards.words import CHOICE_WORDS, closed_words, person_words, remaining
from include.store.locks import AdvisoryLock, hold
from include.store.models import (
    Account,
    ActorKind,
    Decision,
    DecisionStep,
    Entry,
    EntryStatus,
    Hook,
    Request,
    User,
)
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from include.durable.types import HookEvent, HookView
    from include.people.actor import Actor
    from include.slack.presence import Presence

WAIT_NAME = "answer"
"""What the wait is called; the DAGs' sensors use the same word."""

CHOICES = tuple(CHOICE_WORDS)
MOST_ENTRIES = 50
MOST_GROUPS = 500

Group = dict[str, Any]
"""What one question is about: ``label``, ``request_id``, ``person``, ``entries``."""


def lock_asking(session: Session) -> None:
    """Let nobody else plan and ask until the end of the transaction: a place is given once."""
    hold(session, AdvisoryLock.ASKING_GROUPS)


def plan_groups(
    session: Session, *, dag_id: str, run_id: str, ask: str | None = None
) -> list[Group]:
    """The run's entries that wait for a person, one group a request and person.

    The weightiest come first: they get the day's cards.

    What the run has asked already keeps its place, so that a repeat waits for the same questions.

    Args:
        session: The caller's transaction.
        dag_id: Of the run that carries the entries out.
        run_id: That run.
        ask: Slack user id of the one to be asked about all; by default each submitter about theirs.
    """
    return _all_groups(session, dag_id=dag_id, run_id=run_id, ask=ask)[:MOST_GROUPS]


def hand_over_rest(session: Session, *, dag_id: str, run_id: str, ask: str | None) -> list[int]:
    """Give entries that find no place among the run's questions runs of their own, which ask.

    A run waits for `MOST_GROUPS` questions at most, because each is a task of its graph.

    Returns:
        Ids of the runs to start.
    """
    rest = _all_groups(session, dag_id=dag_id, run_id=run_id, ask=ask)[MOST_GROUPS:]
    ids = [entry_id for group in rest for entry_id, _ in group["entries"]]
    for entry in session.scalars(select(Entry).where(Entry.id.in_(ids)).order_by(Entry.id)):
        entry.dag_id, entry.run_id = MAIN_DAG, f"asked__{entry.id}"
    session.flush()
    return [queue_entry(session, entry_id, f"asked__{entry_id}") for entry_id in sorted(ids)]


def _all_groups(session: Session, *, dag_id: str, run_id: str, ask: str | None) -> list[Group]:
    groups = asked_before(session, dag_id, run_id)
    asked = {entry_id for group in groups for entry_id, _ in group["entries"]}
    rows = session.execute(
        select(
            Entry.id,
            Entry.severity,
            Entry.account_id,
            Account.arr,
            Decision.request_id,
            Decision.confidence,
            User.slack_user_id,
            Request.slug,
        )
        .join(Decision, (Decision.entry_id == Entry.id) & (Decision.step == DecisionStep.MATCH))
        .join(Request, Request.id == Decision.request_id)
        .outerjoin(User, User.id == Entry.submitter_id)
        .outerjoin(Account, Account.id == Entry.account_id)
        .where(
            Entry.dag_id == dag_id,
            Entry.run_id == run_id,
            Entry.status.in_((EntryStatus.WAITING, EntryStatus.FAILED)),
            Decision.route == "ask",
        )
    ).all()

    def place(row: Any) -> tuple[int, str]:
        return row.request_id, ask or row.slack_user_id or ""

    new = sorted(
        (row for row in rows if row.id not in asked), key=lambda row: (*place(row), row.id)
    )
    found = []
    for (request_id, person), same in groupby(new, key=place):
        members = list(same)
        for start in range(0, len(members), MOST_ENTRIES):
            part = members[start : start + MOST_ENTRIES]
            pairs = [[row.id, row.confidence] for row in part]
            heavy = weight((row.severity, row.account_id, row.arr) for row in part)
            found.append((heavy, _group(part[0].slug, request_id, person or None, pairs)))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [*groups, *(group for _, group in found)]


def asked_before(session: Session, dag_id: str, run_id: str) -> list[Group]:
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


def _group(slug: str, request_id: int, person: str | None, entries: list[list[Any]]) -> Group:
    return {
        "label": f"{slug} ({len(entries)})",
        "request_id": request_id,
        "person": person,
        "entries": entries,
    }


def asked_in(groups: Sequence[Group]) -> list[tuple[int, str | None]]:
    """The request and the submitter of each group."""
    return [(group["request_id"], group["person"]) for group in groups]


def ask(
    session: Session,
    group: Group,
    *,
    dag_id: str,
    run_id: str,
    map_index: int = -1,
    presence: Mapping[str, Presence] | None = None,
    is_named: bool = False,
) -> int | None:
    """Open the durable hook of a group and queue its card; a repeat changes nothing.

    Over the day's limit there is no card; the daily one tells of the question.

    Args:
        session: The caller's transaction.
        group: What to ask about. Where nobody is found to ask, anybody who sees the card in the
            review channel may answer.
        dag_id: Of the run that waits.
        run_id: That run.
        map_index: Of its wait.
        presence: Of people (Slack ids) who may not be there; all others are.
        is_named: Whether the group's person was named by whoever started the run.

    Returns:
        The message's id.
    """
    request = session.get_one(Request, group["request_id"])
    settings, person = load_settings(), group["person"]
    chain = [person] if is_named else chain_of(session, request.id, person)
    responders = choose(chain, presence or {}, person)
    over = {} if has_room(session, next(iter(responders), None)) else {UNPOSTED: True}
    hook = create_hook(
        session,
        dag_id=dag_id,
        run_id=run_id,
        name=WAIT_NAME,
        map_index=map_index,
        kind="approval",
        question={
            "entries": group["entries"],
            "request_id": request.id,
            "request_status": request.status,
            "options": list(CHOICES),
            **over,
        },
        responders=[label_of(one) for one in responders],
        handler=HANDLER,
        remind_after=settings.remind_after,
        expires_after=settings.expires_after,
    )
    mark("ask", entry_ids(hook), request_id=request.id, round=hook.round)
    return queue_card(session, hook)


def answer_question(
    session: Session,
    *,
    token: str,
    choice: str,
    actor: Actor,
    via: str = "slack",
    request_id: int | None = None,
) -> AnswerReply:
    """Record a press on a question's button: the first valid one decides.

    With ``request_id`` another request than the suggested one was picked for ``attach``. Nothing
    changes for a forged token, a stranger or a late press; each gets a note.
    """
    if choice not in CHOICES:
        raise FatalError(f"choice {choice!r} is unknown; use one of {', '.join(CHOICES)}")
    try:
        hook_id = verify_hook_token(token, signing_keys(session))
    except InvalidToken:
        return AnswerReply("unknown", "This button is no longer valid. Nothing was changed.")
    if request_id is not None and session.get(Request, request_id) is None:
        return AnswerReply("unknown", "That request does not exist any more. Nothing was changed.")
    hook = get_hook(session, hook_id)
    if hook is not None and not may(session, actor, Action.ANSWER, hook):
        return AnswerReply("not_allowed", not_yours(actor, hook))
    by = actor.label
    answer = {"choice": choice} | ({"request_id": request_id} if request_id is not None else {})
    result = answer_hook(
        session, hook_id, answer=answer, by=by, via=via, is_approver=lambda _by: True
    )
    hook = result.hook
    if hook is None:
        return AnswerReply("unknown", "This question no longer exists. Nothing was changed.")
    if result.status is AnswerStatus.TOO_LATE:
        closed = closed_words(question_state(hook))
        return AnswerReply("too_late", markup("This question is closed. {}", closed))
    write_down(session, actor, Action.ANSWER, f"question:{hook.id}", **answer, via=via)
    mark("answer", entry_ids(hook), choice=choice, via=via)
    picked = question_state(hook).picked_id
    for entry_id, confidence in asked_about(hook):
        record_decision(
            session,
            key=f"answer:{hook.id}:{entry_id}",
            entry_id=entry_id,
            step=DecisionStep.ANSWER,
            route=choice,
            request_id=picked or hook.question["request_id"],
            confidence=None if picked else confidence,
            reason="A person picked another request."
            if picked
            else "A person answered the question.",
            actor_kind=ActorKind.PERSON,
            actor=by,
        )
    return AnswerReply("recorded", None, show_question(session, hook))


def not_yours(actor: Actor, hook: HookView) -> str:
    """What somebody is told who may not answer a question."""
    people = joined((person_words(person) for person in hook.responders), " or ")
    return refusal_words(actor, Action.ANSWER, markup("Only {} can answer this question.", people))


def on_hook_event(hook: HookView, event: HookEvent) -> None:
    """Hear of a reminder, an expiry, a cancellation or a reopening (see ``durable.handlers``).

    What is to be said is queued in one transaction and then delivered; if Slack is away, the
    sweep delivers it later.
    """
    from include.outbox.sender import deliver

    with session_scope() as session:
        current = get_hook(session, hook.id)
        if current is None:
            return
        mark(f"question {event}", entry_ids(current), state=current.status)
        if event == "remind":
            # The daily card reminds of what has no card of its own.
            told = current.is_open and not is_unposted(current)
            message_ids = [_queue_reminder(session, current)] if told else []
        elif event == "reopened":
            message_ids = _reopen(session, current)
        elif current.is_open:
            return
        else:
            message_ids = show_question(session, current)
    deliver(message_ids)


def _queue_reminder(session: Session, hook: HookView) -> int:
    request = session.get_one(Request, hook.question["request_id"])
    card = blocks.reminder_card(
        request_title=request.title, question_link=None, expires_in=remaining(hook)
    )
    return queue_message(
        session,
        key=f"remind:{hook.id}",
        purpose="reminder",
        address=asked_person(hook) or load_settings().review_channel,
        body=card.text,
        blocks=card.blocks,
        entry_id=only_entry(hook),
        hook_id=hook.id,
    )


def _reopen(session: Session, hook: HookView) -> list[int]:
    for entry_id, _ in asked_about(hook):
        entry = get_entry(session, entry_id, lock=True)
        if entry.status == EntryStatus.FAILED:
            entry.status, entry.error, entry.updated_at = EntryStatus.WAITING, None, func.now()
    return show_question(session, hook)
