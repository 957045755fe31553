"""Users: the people the product knows by e-mail or Slack id.

Only Slack's word binds a Slack id to an address (:func:`bind`). What a caller says about somebody
(:func:`ensure_user`) finds or makes a user, and never binds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.store.models import Base, RequestFollower, SlackPerson, User

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from include.people.person import Submitter


def slack_user_of(session: Session, user_id: int | None) -> str | None:
    """The Slack id of a user of the product; ``None`` for nobody, or somebody not in Slack."""
    user = session.get(User, user_id) if user_id is not None else None
    return user.slack_user_id if user is not None else None


def ensure_user(session: Session, submitter: Submitter | None) -> int | None:
    """The id of the user whom a caller names, created when new.

    A user of that Slack id comes first, then one of that address. Who is in neither way known and
    is named by both is kept by the Slack id: whether the address is theirs, only Slack knows.
    """
    if submitter is None:
        return None
    email = submitter.email.lower() if submitter.email else None
    user = _known(session, submitter.slack_user_id, email)
    if user is None:
        values = {"email": None if submitter.slack_user_id else email}
        session.execute(
            insert(User)
            .values(slack_user_id=submitter.slack_user_id, name=submitter.name or "", **values)
            .on_conflict_do_nothing()
        )
        user = _known(session, submitter.slack_user_id, email)
    if user is None:  # pragma: no cover - it was made, or was in the way of being made
        raise LookupError("a user vanished while it was stored")
    user.name = user.name or submitter.name or ""
    session.flush()
    return user.id


def bind(session: Session, slack_user_id: str, email: str, name: str, known: int | None) -> int:
    """The user of a Slack id whose address Slack says; two users who are one become one.

    Args:
        session: The caller's transaction.
        slack_user_id: Of a full member of the workspace.
        email: Their address, by Slack's word.
        name: Their name, by Slack's word.
        known: The user with that address, where there is one.
    """
    by_slack = session.scalars(
        select(User).where(User.slack_user_id == slack_user_id)
    ).one_or_none()
    by_email = session.get(User, known) if known is not None else None
    if by_email is not None and by_email is not by_slack:
        if by_email.slack_user_id is not None and _is_confirmed(session, by_email):
            # Slack has given the address to two accounts: an uncertain match is no match.
            by_email, email = None, ""
        elif by_slack is not None and by_slack.email is not None:
            by_email, email = None, ""
        elif by_slack is not None:
            _move(session, by_slack.id, by_email.id)
            by_slack = None
    user = by_slack or by_email
    if user is None:
        # Two first presses of one person come at the same moment.
        values = {"email": email.lower() or None, "name": name}
        session.execute(
            insert(User).values(slack_user_id=slack_user_id, **values).on_conflict_do_nothing()
        )
        user = _known(session, slack_user_id, email.lower() or None)
    if user is None:  # pragma: no cover - it was made, or was in the way of being made
        raise LookupError("a user vanished while it was stored")
    user.slack_user_id = slack_user_id
    user.email = user.email or email.lower() or None
    user.name = user.name or name
    session.flush()
    return user.id


def _known(session: Session, slack_user_id: str | None, email: str | None) -> User | None:
    signs: list[ColumnElement[bool]] = []
    signs += [User.slack_user_id == slack_user_id] if slack_user_id else []
    signs += [func.lower(User.email) == email] if email else []
    found = (session.scalars(select(User).where(sign)).one_or_none() for sign in signs)
    return next((user for user in found if user is not None), None)


def _is_confirmed(session: Session, user: User) -> bool:
    """Whether Slack itself has said that this user's Slack id has this address."""
    said = session.get(SlackPerson, user.slack_user_id)
    return said is not None and (said.email or "").lower() == (user.email or "").lower()


def _move(session: Session, old: int, new: int) -> None:
    """Give everything of one user to another, and remove the first."""
    followed = select(RequestFollower.request_id).where(RequestFollower.user_id == new)
    session.execute(
        delete(RequestFollower).where(
            RequestFollower.user_id == old, RequestFollower.request_id.in_(followed)
        )
    )
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column is User.__table__.c.id for key in column.foreign_keys):
                session.execute(update(table).where(column == old).values({column: new}))
    session.execute(delete(User).where(User.id == old))
    session.expire_all()
