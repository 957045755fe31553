"""Who does something, and whether they may: the one table of rights (``docs/rights.md``).

Slack says who its people are, Airflow's auth manager who is signed in. What a caller merely claims
gives no right: it is kept in ``claimed``, beside who acted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from include.base.errors import FatalError
from include.base.settings import load_settings
from include.store.models import PersonKind, User

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.orm import Session

    from include.people.person import Submitter


class Standing(StrEnum):
    """What somebody is to the product; decides together with the action."""

    OPERATOR = "operator"
    """Signed in to Airflow, which lets them change its variables: Op and Admin."""
    APPROVER = "approver"
    """A member who is listed in the setting ``approvers``."""
    MEMBER = "member"
    """A full member of the Slack workspace, or signed in to Airflow and free to start runs."""
    READER = "reader"
    """Signed in to Airflow, which lets them read: Viewer."""
    PROGRAM = "program"
    """A run that nobody started by hand: the schedule, or the product itself."""
    GUEST = "guest"
    """A guest of the workspace, or somebody of another company in a shared channel."""
    GONE = "gone"
    """An account that is deactivated, or that Slack does not show to this workspace."""
    OUTSIDER = "outsider"
    """A bot."""


class Action(StrEnum):
    """What can be done to the product's things."""

    READ = "read"
    HAND_IN = "hand_in"
    ANSWER = "answer"
    CORRECT = "correct"
    WITHDRAW = "withdraw"
    RESTORE = "restore"
    FOLLOW = "follow"
    EDIT = "edit"
    SHIP = "ship"
    MERGE = "merge"
    UNMERGE = "unmerge"
    OPERATE = "operate"
    DECIDE_THRESHOLDS = "decide_thresholds"
    CHANGE_SETTINGS = "change_settings"
    EXPORT = "export"
    ERASE = "erase"


class Right(StrEnum):
    """``OWN``: what concerns them, and what names nobody."""

    YES = "yes"
    OWN = "own"
    NO = "no"


def _row(cells: str) -> Mapping[Standing, Right]:
    return dict(zip(Standing, map(Right, cells.split()), strict=True))


RIGHTS: Mapping[Action, Mapping[Standing, Right]] = {
    # operator, approver, member, reader, program, guest, gone, outsider
    Action.READ: _row("yes yes yes yes yes no no no"),
    Action.HAND_IN: _row("yes yes yes no yes yes yes no"),
    Action.ANSWER: _row("yes yes own no no no no no"),
    Action.CORRECT: _row("yes yes own no no no no no"),
    Action.WITHDRAW: _row("yes yes own no no no no no"),
    Action.RESTORE: _row("yes yes own no yes no no no"),
    Action.FOLLOW: _row("yes yes yes no no no no no"),
    Action.EDIT: _row("yes yes yes no yes no no no"),
    Action.SHIP: _row("yes yes yes no yes no no no"),
    Action.MERGE: _row("yes yes yes no yes no no no"),
    Action.UNMERGE: _row("yes yes yes no yes no no no"),
    Action.OPERATE: _row("yes no no no yes no no no"),
    Action.DECIDE_THRESHOLDS: _row("yes yes no no no no no no"),
    Action.CHANGE_SETTINGS: _row("yes no no no no no no no"),
    Action.EXPORT: _row("yes no no no no no no no"),
    Action.ERASE: _row("yes no no no no no no no"),
}
"""Whatever is not in the table is forbidden."""


@dataclass(frozen=True)
class Actor:
    """Somebody, or a run, who does something.

    Attributes:
        standing: From Slack's or Airflow's word; never from what a caller says of himself.
        slack_user_id: Their Slack account, in Slack's or (for a signed-in user) by Slack's word.
        email: Their address, as Slack or Airflow's auth manager gives it.
        user_id: Their row in ``users``, where there is one.
        name: How they are called, for people.
        airflow_user: Who is signed in to Airflow.
        run: ``<dag_id>/<run_id>`` of a run that acts, or ``shell/<user>``.
        claimed: For whom they say they act.
    """

    standing: Standing
    slack_user_id: str | None = None
    email: str | None = None
    user_id: int | None = None
    name: str = ""
    airflow_user: str | None = None
    run: str | None = None
    claimed: Submitter | None = None

    @property
    def label(self) -> str:
        """How rows name them: ``slack:U1``, ``user:ann@example.com``, ``airflow:ann``, a run.

        Somebody in a shell has nothing but a name: ``user:ann``.
        """
        if self.slack_user_id:
            return label_of(self.slack_user_id)
        if self.email:
            return f"user:{self.email.lower()}"
        if self.airflow_user:
            return f"airflow:{self.airflow_user}"
        return f"user:{self.name}" if self.name else f"run:{self.run}"

    @property
    def labels(self) -> frozenset[str]:
        """Every name under which a row may mean them."""
        named = {self.label}
        if self.email:
            named.add(f"user:{self.email.lower()}")
        if self.airflow_user:
            named.add(f"airflow:{self.airflow_user}")
        return frozenset(named)


@runtime_checkable
class Asked(Protocol):
    """A question that names who may answer it: a durable hook."""

    @property
    def responders(self) -> Collection[str]:
        """Labels; none means anybody who sees it."""


@runtime_checkable
class HandedIn(Protocol):
    """What somebody has handed in: an entry."""

    @property
    def submitter_id(self) -> int | None:
        """Whose it is."""


class NotAllowed(FatalError):
    """Somebody tried what they have no right to; trying again does not help."""


def may(session: Session, actor: Actor, action: Action, on: Asked | HandedIn | None = None) -> bool:
    """Whether somebody may do something.

    Args:
        session: To look up whose ``on`` is.
        actor: Who wants to.
        action: What they want to do.
        on: What they want to do it to; required where the table says ``own``.
    """
    right = RIGHTS[action][standing_of(actor)]
    if right is not Right.OWN:
        return right is Right.YES
    if on is None:
        raise TypeError(f"{action.value} is decided by whose it is: say on what")
    named = _named(session, on)
    # What names nobody went to a channel, where everybody who may do such a thing may do it.
    return not named or not named.isdisjoint(actor.labels)


def demand(
    session: Session, actor: Actor, action: Action, on: Asked | HandedIn | None = None
) -> None:
    """Go on only if they may.

    Raises:
        NotAllowed: they may not; the message is for them.
    """
    if not may(session, actor, action, on):
        raise NotAllowed(refusal_words(actor, action))


def standing_of(actor: Actor) -> Standing:
    """The standing as of now: approvers are a setting."""
    listed = actor.slack_user_id is not None and actor.slack_user_id in load_settings().approvers
    is_member = actor.standing is Standing.MEMBER
    return Standing.APPROVER if is_member and listed else actor.standing


def refusal_words(actor: Actor, action: Action, to_member: str = "") -> str:
    """What somebody is told who may not do something.

    ``to_member`` says it in better words to a member of the workspace.
    """
    if actor.standing is Standing.GUEST:
        return "Guests of this workspace can hand in feedback, and nothing else."
    if actor.standing in (Standing.GONE, Standing.OUTSIDER):
        return "Only people of this workspace can do that."
    if actor.standing is Standing.READER:
        return "Your role in Airflow lets you read. Ask an operator for the role User."
    if to_member:
        return to_member
    if Right.OWN in RIGHTS[action].values():
        return "Only the person whom it concerns, or an approver, can do that."
    return "Only an operator (in Airflow: Op or Admin) can do that."


def standing_in_slack(kind: PersonKind) -> Standing:
    """The policy for what stands behind a Slack user id."""
    return _IN_SLACK[kind]


_IN_SLACK = {
    PersonKind.PERSON: Standing.MEMBER,
    PersonKind.NO_EMAIL: Standing.MEMBER,
    PersonKind.GUEST: Standing.GUEST,
    PersonKind.BOT: Standing.OUTSIDER,
    PersonKind.GONE: Standing.GONE,
}


def label_of(slack_user_id: str) -> str:
    """How rows name a person in Slack: ``slack:U1``."""
    return f"slack:{slack_user_id}"


def _named(session: Session, on: Asked | HandedIn) -> frozenset[str]:
    if isinstance(on, Asked):
        return frozenset(on.responders)
    user = session.get(User, on.submitter_id) if on.submitter_id is not None else None
    if user is None or user.slack_user_id is None:
        return frozenset()
    address = {f"user:{user.email.lower()}"} if user.email else set()
    return frozenset({label_of(user.slack_user_id), *address})
