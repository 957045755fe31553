"""Slack user → e-mail → user of the product: exact, then known aliases; never a guess."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from include.agents.identity import may_be_one
from include.base.errors import TransientError
from include.base.settings import load_settings
from include.people.users import bind
from include.slack.profile import SlackProfile
from include.store.models import PersonKind, SlackPerson, User, UserAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from include.base.settings import Settings
    from include.store.session import SessionScope

    SamePerson = Callable[[str, str, str, str], bool]
    """Of the name in Slack, the user's name, how they compare, and the question's key."""

MOST_COMPARED = 500
TAKEN = (PersonKind.PERSON, PersonKind.GUEST, PersonKind.NO_EMAIL, PersonKind.GONE)


@dataclass(frozen=True)
class Identity:
    """Who a Slack user is here. ``user_id`` is ``None`` when the entry has no submitter of ours."""

    kind: PersonKind
    user_id: int | None

    @property
    def note(self) -> str | None:
        """What the person is told when their feedback takes another way."""
        reasons = {
            PersonKind.GUEST: "you are a guest in this workspace",
            PersonKind.NO_EMAIL: "Slack does not show me your e-mail address",
        }
        reason = reasons.get(self.kind)
        if reason is None:
            return None
        return (
            f"Thanks, I have your feedback. As {reason}, the team answers the questions about it "
            f"in {load_settings().review_channel}, and you will not get direct messages from me."
        )


def resolve(
    scope: SessionScope,
    slack_user_id: str,
    lookup: Callable[[str], SlackProfile],
    same: SamePerson | None = None,
) -> Identity:
    """The identity of a Slack user, from the cache or from Slack; the user is made when new.

    While Slack cannot be asked, what it said before counts however old it is.

    Args:
        scope: Opens a transaction; none is held while Slack is asked.
        slack_user_id: From a verified call.
        lookup: Asks Slack (:func:`include.slack.profile.read_profile`).
        same: Says whether two names are surely one person's, of users without a Slack account at
            the same company; a sure one becomes a known alias. Without it likeness is no match.

    Raises:
        TransientError: Slack cannot be asked now and nothing is known; try again.
    """
    with scope() as session:
        profile = _cached(session, slack_user_id)
    if profile is None:
        try:
            profile = lookup(slack_user_id)
        except TransientError:
            with scope() as session:
                profile = _cached(session, slack_user_id, at_any_age=True)
            if profile is None:
                raise
        else:
            with scope() as session:
                _keep(session, slack_user_id, profile)
    if same is not None and profile.kind is PersonKind.PERSON and profile.email:
        _learn_alias(scope, slack_user_id, profile, same)
    with scope() as session:
        return Identity(profile.kind, _user_id(session, slack_user_id, profile))


def known_names(session: Session, slack_user_ids: Sequence[str]) -> dict[str, str]:
    """The names of those Slack users of whom Slack was asked before."""
    rows = session.execute(
        select(SlackPerson.slack_user_id, SlackPerson.name).where(
            SlackPerson.slack_user_id.in_(slack_user_ids), SlackPerson.name != ""
        )
    )
    return {row.slack_user_id: row.name for row in rows}


def match_email(session: Session, email: str) -> int | None:
    """The user with this e-mail: exact, then without a plus-tag, then a known alias.

    An address that fits several users fits none of them.
    """
    wanted = email.strip().lower()
    exact = session.scalar(select(User.id).where(func.lower(User.email) == wanted))
    if exact is not None:
        return exact
    plain = without_tag(wanted)
    stripped = func.regexp_replace(func.lower(User.email), r"\+[^@]*@", "@")
    same = session.scalars(select(User.id).where(stripped == plain).limit(2)).all()
    if len(same) == 1:
        return same[0]
    if same:
        return None
    aliases = select(UserAlias.user_id).where(UserAlias.email.in_({wanted, plain})).distinct()
    known = session.scalars(aliases).all()
    return known[0] if len(known) == 1 else None


def without_tag(email: str) -> str:
    """``ann+crm@example.com`` → ``ann@example.com``."""
    name, at, domain = email.rpartition("@")
    return f"{name.partition('+')[0]}{at}{domain}"


def _learn_alias(
    scope: SessionScope, slack_user_id: str, profile: SlackProfile, same: SamePerson
) -> None:
    """Remember the address as somebody's other one, when exactly one person is surely meant."""
    email = (profile.email or "").strip().lower()
    with scope() as session:
        known = session.scalar(select(User.id).where(User.slack_user_id == slack_user_id))
        if known is not None or match_email(session, email) is not None:
            return
        domain = f"@{email.rpartition('@')[2]}"
        rows = session.execute(
            select(User.id, User.name, User.email)
            .where(
                User.slack_user_id.is_(None),
                func.lower(User.email).endswith(domain, autoescape=True),
                User.name != "",
            )
            .order_by(User.id)
            .limit(MOST_COMPARED + 1)
        ).all()
    if len(rows) > MOST_COMPARED:
        # Somebody who was not looked at could be meant as well.
        return
    likely = [
        (row, facts)
        for row in rows
        if (facts := may_be_one(profile.name, email, row.name, row.email)) is not None
    ]
    # Two who may be meant are one too many: an uncertain match is no match.
    if len(likely) != 1:
        return
    [(user, facts)] = likely
    if same(profile.name, user.name, facts, f"identity:{slack_user_id}:{user.id}"):
        with scope() as session:
            session.execute(
                insert(UserAlias).values(email=email, user_id=user.id).on_conflict_do_nothing()
            )


def is_fresh(settings: Settings) -> ColumnElement[bool]:
    """Whether what Slack said about somebody is still believed without asking again."""
    return SlackPerson.checked_at > func.now() - timedelta(hours=settings.identity_cache_hours)


def _cached(
    session: Session, slack_user_id: str, *, at_any_age: bool = False
) -> SlackProfile | None:
    statement = select(SlackPerson).where(SlackPerson.slack_user_id == slack_user_id)
    if not at_any_age:
        statement = statement.where(is_fresh(load_settings()))
    row = session.scalars(statement).one_or_none()
    return SlackProfile(PersonKind(row.kind), row.email, row.name) if row else None


def _keep(session: Session, slack_user_id: str, profile: SlackProfile) -> None:
    values = {"kind": profile.kind.value, "email": profile.email, "name": profile.name}
    statement = insert(SlackPerson).values(slack_user_id=slack_user_id, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["slack_user_id"], set_={**values, "checked_at": func.now()}
        )
    )


def _user_id(session: Session, slack_user_id: str, profile: SlackProfile) -> int | None:
    if profile.kind is not PersonKind.PERSON or profile.email is None:
        return None
    known = match_email(session, profile.email)
    return bind(session, slack_user_id, profile.email, profile.name, known)
