"""People who act in tests."""

from __future__ import annotations

from include.people.actor import Actor, Standing


def member(slack_user_id: str, user_id: int | None = None) -> Actor:
    """A full member of the workspace."""
    return Actor(Standing.MEMBER, slack_user_id, user_id=user_id)


def operator(name: str = "ann") -> Actor:
    """An operator in a shell."""
    return Actor(Standing.OPERATOR, name=name, run="shell/root")


def guest(slack_user_id: str = "U0GUEST") -> Actor:
    """A guest of the workspace."""
    return Actor(Standing.GUEST, slack_user_id)
