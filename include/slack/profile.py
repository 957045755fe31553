"""Who stands behind a Slack user id, as Slack says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.base.errors import TransientError
from include.slack.call import OPERATORS, NotReadable, call
from include.store.models import PersonKind

if TYPE_CHECKING:
    from slack_sdk import WebClient


@dataclass(frozen=True)
class SlackProfile:
    """What Slack says about a user id."""

    kind: PersonKind
    email: str | None
    name: str


def read_profile(client: WebClient, slack_user_id: str) -> SlackProfile:
    """Who a Slack user id is; one that does not exist any more is ``GONE``.

    Raises:
        TransientError: try again.
    """
    try:
        user: dict[str, Any] = call(lambda: client.users_info(user=slack_user_id))["user"]
    except NotReadable as error:
        if error.code in OPERATORS:
            raise TransientError(
                f"Slack does not say who people are: {error.code}. Reinstall the app with the "
                "scopes of slack/manifest.yaml."
            ) from None
        return SlackProfile(PersonKind.GONE, None, "")
    profile = user.get("profile") or {}
    name = str(user.get("real_name") or profile.get("real_name") or user.get("name") or "")
    email = str(profile.get("email") or "").strip() or None
    return SlackProfile(_kind(user, email), email, name)


def _kind(user: dict[str, Any], email: str | None) -> PersonKind:
    if user.get("is_bot") or user.get("id") == "USLACKBOT":
        return PersonKind.BOT
    if user.get("deleted"):
        return PersonKind.GONE
    if user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_stranger"):
        return PersonKind.GUEST
    return PersonKind.PERSON if email else PersonKind.NO_EMAIL
