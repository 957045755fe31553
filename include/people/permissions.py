"""Whom a record names, and who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.base.settings import load_settings
from include.store.models import User

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session


def label_of(slack_user_id: str) -> str:
    """How rows name a person in Slack: ``slack:U1``."""
    return f"slack:{slack_user_id}"


def slack_user_of(session: Session, user_id: int | None) -> str | None:
    """The Slack id of a user of the product; ``None`` for nobody, or somebody not in Slack."""
    user = session.get(User, user_id) if user_id is not None else None
    return user.slack_user_id if user is not None else None


def is_approver(slack_user_id: str) -> bool:
    """Whether somebody may answer anybody's question and correct anybody's feedback."""
    return slack_user_id in load_settings().approvers


def may_answer(responders: Collection[str], slack_user_id: str) -> bool:
    """Whether somebody may answer a question; without responders everybody who sees it may."""
    return not responders or label_of(slack_user_id) in responders or is_approver(slack_user_id)


def may_correct(session: Session, submitter_id: int | None, slack_user_id: str) -> bool:
    """Whether somebody may change what became of feedback: its submitter, or an approver.

    Without a submitter in Slack its card went to the review channel, where everybody may.
    """
    submitter = slack_user_of(session, submitter_id)
    return submitter in (None, slack_user_id) or is_approver(slack_user_id)
