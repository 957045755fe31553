"""Who acts on a page, in the form in which the product's operations know people.

Airflow has let them act (``include.web.guard``). Here a visitor becomes one of the product's
people, and its operations are called in that person's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.errors import FatalError
from include.entries import correct, questions, set_aside
from include.outbox.replies import AnswerReply
from include.people import actors
from include.people.permissions import label_of
from include.people.person import Submitter
from include.requests import merge_questions, shipping
from include.store.models import SlackPerson, User

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.web.visitor import Visitor

UNKNOWN = AnswerReply(
    "not_allowed",
    "The product does not know your Slack account: Airflow has to tell it the e-mail address that "
    "Slack has.",
)


class Action(StrEnum):
    """What not everybody may do whom Airflow lets act."""

    OPERATE = "operate"
    CHANGE_SETTINGS = "change_settings"
    EDIT = "edit"


class NotAllowed(FatalError):
    """Somebody tried what they have no right to; trying again does not help."""


@dataclass(frozen=True)
class Actor:
    """A visitor among the product's people; the Slack account is theirs by Slack's word."""

    user_id: int | None
    slack_user_id: str | None
    email: str | None
    name: str
    is_operator: bool
    may_act: bool

    @property
    def label(self) -> str:
        """How rows name them."""
        if self.slack_user_id:
            return label_of(self.slack_user_id)
        return f"user:{(self.email or self.name).lower()}"

    @property
    def labels(self) -> frozenset[str]:
        """Every name under which a row may mean them."""
        return frozenset({self.label, f"user:{(self.email or self.name).lower()}"})


def actor_of(session: Session, visitor: Visitor) -> Actor:
    """The visitor as one of the product's people; one query."""
    row = None
    if visitor.email:
        row = session.execute(
            select(User.id, User.name, SlackPerson.slack_user_id)
            .outerjoin(
                SlackPerson,
                (SlackPerson.slack_user_id == User.slack_user_id)
                & (func.lower(SlackPerson.email) == func.lower(User.email)),
            )
            .where(func.lower(User.email) == visitor.email.lower())
        ).one_or_none()
    return Actor(
        user_id=row.id if row else None,
        slack_user_id=row.slack_user_id if row else None,
        email=visitor.email,
        name=visitor.name,
        is_operator=visitor.may_configure,
        may_act=visitor.may_act,
    )


def demand(actor: Actor, action: Action) -> None:
    """Go on only if they may.

    Raises:
        NotAllowed: they may not; the message is for them.
    """
    if action is Action.EDIT and not actor.may_act:
        raise NotAllowed("Your role in Airflow lets you read. Ask an operator for the role User.")
    if action is not Action.EDIT and not actor.is_operator:
        raise NotAllowed("Only an operator (in Airflow: Op or Admin) can do that.")


def answer_question(
    session: Session, actor: Actor, *, token: str, choice: str, request_id: int | None
) -> AnswerReply:
    """Answer a question in somebody's name."""
    if actor.slack_user_id is None:
        return UNKNOWN
    return questions.answer_question(
        session,
        token=token,
        choice=choice,
        slack_user_id=actor.slack_user_id,
        via="web",
        request_id=request_id,
    )


def answer_twins(session: Session, actor: Actor, *, token: str, choice: str) -> AnswerReply:
    """Merge a pair of near-duplicates, dismiss it, or take the merge back."""
    if actor.slack_user_id is None:
        return UNKNOWN
    return merge_questions.answer(
        session, token=token, choice=choice, slack_user_id=actor.slack_user_id
    )


def move_evidence(session: Session, actor: Actor, *, token: str, request_id: int) -> AnswerReply:
    """Move feedback to another request."""
    if actor.slack_user_id is None:
        return UNKNOWN
    return correct.pick_request(
        session, token=token, slack_user_id=actor.slack_user_id, request_id=request_id
    )


def take_off(session: Session, actor: Actor, *, token: str) -> AnswerReply:
    """Take feedback off its request."""
    if actor.slack_user_id is None:
        return UNKNOWN
    return correct.undo_attachment(session, token=token, slack_user_id=actor.slack_user_id)


def restore(session: Session, actor: Actor, *, token: str) -> AnswerReply:
    """Take up an entry that was set aside."""
    if actor.slack_user_id is None:
        return UNKNOWN
    return set_aside.press_restore(session, token=token, slack_user_id=actor.slack_user_id)


def ship(session: Session, actor: Actor, slug: str, *, run_id: str) -> list[dict[str, Any]]:
    """Mark a request as shipped; batches of messages to send."""
    return shipping.ship(session, slug, _named(actor), run_id=run_id)


def reopen(session: Session, actor: Actor, slug: str, *, run_id: str) -> list[dict[str, Any]]:
    """Open a shipped request again; batches of messages to send."""
    return shipping.reopen(session, slug, _named(actor), run_id=run_id)


def _named(actor: Actor) -> actors.Actor:
    who = Submitter(email=actor.email, slack_user_id=actor.slack_user_id, name=actor.name)
    return actors.Actor(actor.label, who)
