"""Who is behind a call: a Slack user, somebody signed in to Airflow, or a run.

Only Slack says which Slack account has which address, only Airflow's auth manager who is signed
in. A run's parameter ``actor`` is a claim, unless the product itself has written it down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.settings import load_settings
from include.people.actor import Actor, Standing, standing_in_slack
from include.people.identity import is_fresh
from include.people.person import Acting
from include.people.submitters import identify
from include.slack.client import TIMEOUT_SECONDS
from include.store.models import PersonKind, RunStart, SlackEvent, SlackPerson, User
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session


def slack_actor(slack_user_id: str, *, within: int = TIMEOUT_SECONDS) -> Actor:
    """A Slack user, by what Slack said within the last day; otherwise Slack is asked.

    Args:
        slack_user_id: From a call that is verified.
        within: Most seconds that Slack may take.

    Raises:
        TransientError: Slack cannot be asked now and nothing is known; try again.
    """
    with session_scope() as session:
        known = known_in_slack(session, slack_user_id)
    if known is not None:
        return known
    found = identify(slack_user_id, within=within)
    with session_scope() as session:
        # What Slack said before counts while it cannot be asked, however old it is.
        known = known_in_slack(session, slack_user_id, at_any_age=True)
    return known or Actor(standing_in_slack(found.kind), slack_user_id, user_id=found.user_id)


def known_in_slack(
    session: Session, slack_user_id: str, *, at_any_age: bool = False
) -> Actor | None:
    """A Slack user as far as Slack was asked before; ``None`` when it has to be asked."""
    statement = (
        select(SlackPerson.kind, SlackPerson.email, SlackPerson.name, User.id)
        .outerjoin(User, User.slack_user_id == SlackPerson.slack_user_id)
        .where(SlackPerson.slack_user_id == slack_user_id)
    )
    if not at_any_age:
        statement = statement.where(is_fresh(load_settings()))
    row = session.execute(statement).one_or_none()
    if row is None:
        return None
    return Actor(
        standing_in_slack(PersonKind(row.kind)),
        slack_user_id,
        email=row.email,
        user_id=row.id,
        name=row.name,
    )


def airflow_actor(
    session: Session,
    *,
    airflow_user: str,
    standing: Standing,
    email: str | None = None,
    name: str = "",
) -> Actor:
    """Somebody signed in to Airflow, with their Slack account where Slack says it is theirs.

    Args:
        session: The caller's transaction.
        airflow_user: Their id or name in Airflow.
        standing: From what the auth manager lets them do: read, start runs, change variables.
        email: Their address by the auth manager's word; see :func:`address_of`.
        name: How they are called.
    """
    row = None
    if email:
        row = session.execute(
            select(User.id, User.name, SlackPerson.slack_user_id)
            .outerjoin(
                SlackPerson,
                (SlackPerson.slack_user_id == User.slack_user_id)
                & (func.lower(SlackPerson.email) == func.lower(User.email)),
            )
            .where(func.lower(User.email) == email.lower())
        ).one_or_none()
    return Actor(
        standing,
        slack_user_id=row.slack_user_id if row else None,
        email=email,
        user_id=row.id if row else None,
        name=name or (row.name if row else "") or airflow_user,
        airflow_user=airflow_user,
    )


def address_of(user: object) -> str | None:
    """The address of a user of Airflow's auth manager, ``None`` where it does not tell.

    FAB's users have ``email``; elsewhere the user name may be an address.
    """
    email = getattr(user, "email", None)
    if isinstance(email, str) and "@" in email:
        return email
    name = user.get_name() if hasattr(user, "get_name") else None
    return name if isinstance(name, str) and "@" in name else None


def run_actor(
    session: Session,
    claimed: Mapping[str, Any] | None,
    *,
    dag_id: str,
    run_id: str,
    started_by: str | None,
) -> Actor:
    """Who a run acts for: the person in Slack or on a page who caused it, or its starter.

    Args:
        session: The caller's transaction.
        claimed: The parameter ``actor``.
        dag_id: Of the run.
        run_id: Of the run.
        started_by: The Airflow user who started it; nobody for a scheduled run.

    Raises:
        Refused: the Slack id or the address in ``claimed`` is none.
    """
    said = Acting.check({"actor": claimed}).actor
    claim = said if said is not None and said.is_somebody else None
    run = f"{dag_id}/{run_id}"
    pressed = session.scalar(
        select(SlackEvent.user_id).where(SlackEvent.dag_id == dag_id, SlackEvent.run_id == run_id)
    )
    if pressed is not None:
        known = known_in_slack(session, pressed, at_any_age=True)
        return known or Actor(Standing.MEMBER, pressed)
    queued = session.scalar(
        select(RunStart.conf["actor"]).where(RunStart.dag_id == dag_id, RunStart.run_id == run_id)
    )
    if queued:
        # Written down by the product in the transaction of what somebody did.
        by = Acting.check({"actor": queued}).actor
        if by is not None and by.is_somebody:
            return Actor(Standing.MEMBER, by.slack_user_id, by.email, name=by.name or "", run=run)
    if not started_by:
        return Actor(Standing.PROGRAM, run=run, claimed=claim)
    address = started_by if "@" in started_by else None
    # Airflow let them start this run; their role a task cannot know, so a setting names operators.
    listed = started_by in load_settings().operators
    standing = Standing.OPERATOR if listed else Standing.MEMBER
    found = airflow_actor(session, airflow_user=started_by, standing=standing, email=address)
    return Actor(
        found.standing,
        found.slack_user_id,
        found.email,
        found.user_id,
        found.name,
        found.airflow_user,
        run,
        claim,
    )
