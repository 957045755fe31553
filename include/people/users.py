"""Users: the people the product knows by e-mail or Slack id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import false, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from include.store.models import (
    User,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.people.person import Submitter


def ensure_user(session: Session, submitter: Submitter | None) -> int | None:
    """The id of the submitter's user, created when new; a missing part is filled in."""
    if submitter is None:
        return None
    email = submitter.email.lower() if submitter.email else None
    # A part that is not given must not be compared: NULL would find everybody without one.
    signs = [User.slack_user_id == submitter.slack_user_id] if submitter.slack_user_id else []
    signs += [func.lower(User.email) == email] if email else []
    known = (
        select(User)
        .where(or_(false(), *signs))
        # Slack's id is the surer sign when the two name different people.
        .order_by((User.slack_user_id == submitter.slack_user_id).desc().nulls_last())
    )
    users = session.scalars(known).all()
    if len(users) != 1 or not _says_all(users[0], submitter):
        # Also to wait for whoever is just storing the part that would be filled in here.
        session.execute(
            insert(User)
            .values(email=email, slack_user_id=submitter.slack_user_id, name=submitter.name or "")
            .on_conflict_do_nothing()
        )
        users = session.scalars(known).all()
    user = users[0]
    if len(users) == 1:
        user.email = user.email or email
        user.slack_user_id = user.slack_user_id or submitter.slack_user_id
        user.name = user.name or submitter.name or ""
    session.flush()
    return user.id


def _says_all(user: User, submitter: Submitter) -> bool:
    """Whether nothing of the submitter is missing in the user."""
    return bool(
        (user.email or not submitter.email)
        and (user.slack_user_id or not submitter.slack_user_id)
        and (user.name or not submitter.name)
    )
