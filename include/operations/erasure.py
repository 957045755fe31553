"""Erasing a person or an account for good: words, names and addresses go, numbers stay right."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, delete, false, func, or_, select, update

from include.base.errors import FatalError
from include.operations.forgetting import (
    ERASED,
    forget_answers,
    forget_captures,
    forget_entries,
    redact_messages,
)
from include.outbox.sender import deliver
from include.people.actor import Action, Actor, demand, label_of
from include.people.audit import write_down
from include.store.models import (
    Account,
    AnalyticsEvent,
    AuditRow,
    Decision,
    Entry,
    Feedback,
    Hook,
    Message,
    ModelCall,
    Opportunity,
    RequestFollower,
    RequestLink,
    RequestMerge,
    RequestStatusChange,
    SlackCapture,
    SlackEvent,
    SlackPerson,
    ThresholdProposal,
    ThresholdSet,
    User,
    UserAlias,
    Webhook,
)
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

_DIGITS = 18
NOBODY = "person:erased"
NAMED_IN = (
    AnalyticsEvent.actor,
    AuditRow.actor,
    AuditRow.claimed,
    Decision.actor,
    Entry.handed_in_by,
    Entry.restored_by,
    Feedback.removed_by,
    Hook.answered_by,
    RequestLink.dismissed_by,
    RequestMerge.merged_by,
    RequestMerge.undone_by,
    RequestStatusChange.changed_by,
    ThresholdProposal.decided_by,
    ThresholdSet.created_by,
    Webhook.created_by,
)
"""Columns that name people by their labels."""


class Person:
    """All that the product knows somebody by."""

    def __init__(self, session: Session, who: str) -> None:
        """Look up an e-mail address or a Slack id.

        Raises:
            FatalError: nobody is known by it.
        """
        said = who.strip()
        email = said.lower()
        alias = select(UserAlias.user_id).where(UserAlias.email == email)
        users = session.scalars(
            select(User).where(
                or_(
                    func.lower(User.email) == email,
                    User.slack_user_id == said,
                    User.id.in_(alias),
                )
            )
        ).all()
        self.user_ids = [user.id for user in users]
        self.slack_ids = sorted(
            {user.slack_user_id for user in users if user.slack_user_id}
            | set(
                session.scalars(
                    select(SlackPerson.slack_user_id).where(
                        or_(
                            func.lower(SlackPerson.email) == email,
                            SlackPerson.slack_user_id == said,
                        )
                    )
                )
            )
        )
        other = select(UserAlias.email).where(UserAlias.user_id.in_(self.user_ids))
        self.emails = sorted(
            {user.email.lower() for user in users if user.email} | set(session.scalars(other))
        )
        self.labels = [
            *(label_of(one) for one in self.slack_ids),
            *(f"user:{one}" for one in self.emails),
        ]
        if not (self.user_ids or self.slack_ids):
            raise FatalError(f"nobody is known as {said[:80]!r}: give an e-mail or a Slack user id")

    @property
    def subject(self) -> str:
        """How the audit names them afterwards: by a number, which says nothing."""
        return f"person:{self.user_ids[0] if self.user_ids else 'unknown'}"


def erase_person(session: Session, who: str, actor: Actor) -> tuple[dict[str, int], list[int]]:
    """Erase a person: what they handed in, their names and addresses, and messages to them.

    The row in ``users`` stays without a name, because evidence counts by it.

    Args:
        session: The caller's transaction; roll it back to only count.
        who: An e-mail address or a Slack user id.
        actor: Who erases.

    Returns:
        How many rows were changed, by what they are; and the messages to send to Slack.

    Raises:
        FatalError: nobody is known by it.
        NotAllowed: the actor may not erase.
    """
    demand(session, actor, Action.ERASE)
    person, done = Person(session, who), Counter[str]()
    entries = session.scalars(select(Entry.id).where(Entry.submitter_id.in_(person.user_ids))).all()
    message_ids = forget_entries(session, entries, done)
    for slack_id in person.slack_ids:
        mentions = cast(SlackCapture.thread, Text).contains(f'"{slack_id}"', autoescape=True)
        done["captures"] += forget_captures(
            session, or_(SlackCapture.slack_user_id == slack_id, mentions)
        )
        _rename(session, SlackCapture.slack_user_id, [slack_id], "erased")
        key = ModelCall.key.startswith(f"identity:{slack_id}:", autoescape=True)
        done["model_calls"] += forget_answers(session, key)
        session.execute(update(ModelCall).where(key).values(key="identity:erased"))
        message_ids += redact_messages(session, Message.address == slack_id, done)
        _rename(session, Message.address, [slack_id], "erased")
        _rename(session, Message.rerouted_from, [slack_id], "erased")
        named = cast(Message.blocks, Text).contains(slack_id, autoescape=True)
        session.execute(update(Message).where(named).values(body=ERASED, blocks=[]))
    session.execute(delete(SlackEvent).where(SlackEvent.user_id.in_(person.slack_ids)))
    session.execute(delete(SlackPerson).where(SlackPerson.slack_user_id.in_(person.slack_ids)))
    for column in NAMED_IN:
        done["names"] += _rename(session, column, person.labels, NOBODY)
    for hook in session.scalars(
        select(Hook).where(
            or_(*(Hook.responders.contains([one]) for one in person.labels), false())
        )
    ):
        hook.responders = [NOBODY if one in person.labels else one for one in hook.responders]
    session.execute(delete(UserAlias).where(UserAlias.user_id.in_(person.user_ids)))
    session.execute(delete(RequestFollower).where(RequestFollower.user_id.in_(person.user_ids)))
    for user in session.scalars(select(User).where(User.id.in_(person.user_ids))):
        user.email, user.slack_user_id, user.name = f"erased-{user.id}@erased.invalid", None, ""
        done["users"] += 1
    write_down(session, actor, Action.ERASE, person.subject, **done)
    session.flush()
    return dict(done), list(dict.fromkeys(message_ids))


def erase_account(
    session: Session, account_id: str, actor: Actor
) -> tuple[dict[str, int], list[int]]:
    """Erase a customer: what they said, their name and their deals' names.

    The account's id of the CRM, its ARR and their history stay, because reports count by them.

    Args:
        session: The caller's transaction; roll it back to only count.
        account_id: As in the CRM.
        actor: Who erases.

    Returns:
        As :func:`erase_person`.

    Raises:
        FatalError: there is neither such an account nor anything it said.
        NotAllowed: the actor may not erase.
    """
    demand(session, actor, Action.ERASE)
    done: Counter[str] = Counter()
    account = session.get(Account, account_id)
    entries = session.scalars(select(Entry.id).where(Entry.account_id == account_id)).all()
    if account is None and not entries:
        raise FatalError(f"there is no account {account_id[:80]!r}, and no entry names it")
    names = [account.name] if account is not None and len(account.name) > 3 else []
    message_ids = forget_entries(session, entries, done)
    for name in names:
        named = cast(Message.blocks, Text).contains(name, autoescape=True)
        message_ids += redact_messages(session, named, done)
    if account is not None:
        account.name = ERASED
        done["accounts"] += 1
    for deal in session.scalars(select(Opportunity).where(Opportunity.account_id == account_id)):
        deal.name = ERASED
        done["opportunities"] += 1
    write_down(session, actor, Action.ERASE, f"account:{account_id}", **done)
    session.flush()
    return dict(done), list(dict.fromkeys(message_ids))


def erase_entry(session: Session, entry_id: str, actor: Actor) -> tuple[dict[str, int], list[int]]:
    """Erase the words of an entry and of the pains that it was taken apart into.

    Args:
        session: The caller's transaction; roll it back to only count.
        entry_id: Its number.
        actor: Who erases.

    Returns:
        As :func:`erase_person`.

    Raises:
        FatalError: there is no such entry.
        NotAllowed: the actor may not erase.
    """
    demand(session, actor, Action.ERASE)
    done: Counter[str] = Counter()
    known = entry_id.isascii() and entry_id.isdigit() and len(entry_id) <= _DIGITS
    if not known or session.get(Entry, int(entry_id)) is None:
        raise FatalError(f"there is no entry {entry_id[:40]!r}")
    message_ids = forget_entries(session, [int(entry_id)], done)
    write_down(session, actor, Action.ERASE, f"entry:{int(entry_id)}", **done)
    session.flush()
    return dict(done), list(dict.fromkeys(message_ids))


WHAT = {"entry": erase_entry, "person": erase_person, "account": erase_account}
"""What can be erased, and how."""


def erase(what: str, who: str, actor: Actor, *, dry_run: bool) -> dict[str, Any]:
    """Erase an ``entry``, a ``person`` or an ``account`` and redact in Slack, or only count.

    Raises:
        FatalError: there is no such kind, or nothing to erase by this name.
        NotAllowed: the actor may not erase.
    """
    if what not in WHAT:
        raise FatalError(f"{what[:40]!r} cannot be erased; one of {', '.join(WHAT)} can")
    act = WHAT[what]
    with session_scope() as session:
        rows, message_ids = act(session, who, actor)
        if dry_run:
            session.rollback()
    if message_ids and not dry_run:
        deliver(message_ids)
    return {"applied": not dry_run, "rows": rows, "messages": 0 if dry_run else len(message_ids)}


def _rename(session: Session, column: Any, names: Sequence[str], new: str) -> int:
    result: Any = session.execute(
        update(column.class_)
        .where(column.in_(names))
        .values({column.key: new})
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)


def about(session: Session, who: str, actor: Actor) -> dict[str, Any]:
    """Everything that is held about a person, as JSON.

    Raises:
        FatalError: nobody is known by it.
        NotAllowed: the actor may not export.
    """
    demand(session, actor, Action.EXPORT)
    person = Person(session, who)
    entries = select(Entry.id).where(Entry.submitter_id.in_(person.user_ids))
    questions = or_(
        Hook.answered_by.in_(person.labels),
        *(Hook.responders.contains([one]) for one in person.labels),
    )
    held: dict[str, Any] = {
        "users": _rows(session, User, User.id.in_(person.user_ids)),
        "other_addresses": _rows(session, UserAlias, UserAlias.user_id.in_(person.user_ids)),
        "slack": _rows(session, SlackPerson, SlackPerson.slack_user_id.in_(person.slack_ids)),
        "handed_in": _rows(session, Entry, Entry.id.in_(entries)),
        "evidence": _rows(session, Feedback, Feedback.entry_id.in_(entries)),
        "follows": _rows(session, RequestFollower, RequestFollower.user_id.in_(person.user_ids)),
        "questions": _rows(session, Hook, questions),
        "messages": _rows(session, Message, Message.address.in_(person.slack_ids)),
        "calls_from_slack": _rows(session, SlackEvent, SlackEvent.user_id.in_(person.slack_ids)),
        "messages_marked": _rows(
            session, SlackCapture, SlackCapture.slack_user_id.in_(person.slack_ids)
        ),
        "did": {
            f"{column.class_.__tablename__}.{column.key}": _acts(session, column, person.labels)
            for column in NAMED_IN
        },
    }
    write_down(session, actor, Action.EXPORT, person.subject)
    return held


def _acts(session: Session, column: Any, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Which rows name somebody; what else is in them is about others."""
    keys = column.class_.__table__.primary_key.columns
    found = session.execute(select(*keys).where(column.in_(labels)).order_by(*keys))
    return [dict(row._mapping) for row in found]


def _rows(session: Session, model: Any, which: Any) -> list[dict[str, Any]]:
    table = model.__table__
    columns = [column for column in table.c if column.key not in ("embedding", "search")]
    found = session.execute(select(*columns).where(which).order_by(*table.primary_key.columns))
    return [dict(row._mapping) for row in found]
