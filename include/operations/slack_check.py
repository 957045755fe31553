"""Checks a real workspace's set-up: ``make slack-check``. Says what is missing and how to mend it.

Reads the connection ``slack_app`` and the settings as the product does, calls Slack's read-only
methods, and changes nothing.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from sqlalchemy import select

from include.base.connections import MissingConnection, read_as_server
from include.base.errors import FatalError
from include.base.settings import load_settings
from include.slack.client import app_token, signing_secret, slack_client
from include.slack.errors import read_trouble
from include.store.models import Area
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient

MANIFEST = Path(__file__).resolve().parents[2] / "slack" / "manifest.yaml"
_SECRET = re.compile(r"[0-9a-f]{32}")
_LIST_PAGE = 1000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``todo`` says what to do when it is not right."""

    what: str
    ok: bool
    detail: str
    todo: str = ""


def check(say: Callable[[Finding], None]) -> bool:
    """Look at everything that can be looked at; whether all of it is right."""
    findings: list[Finding] = []

    def note(finding: Finding) -> None:
        findings.append(finding)
        say(finding)

    note(_secret())
    try:
        client = slack_client()
    except MissingConnection as error:
        note(Finding("bot token", False, str(error), "Set the token xoxb-… as password."))
        return False
    answer, trouble = ask_slack(client.auth_test)
    if answer is None:
        todo = "Copy the Bot User OAuth Token anew from the app's page OAuth & Permissions."
        note(Finding("bot token", False, f"Slack answers {trouble}", todo))
        return False
    note(Finding("bot token", True, f"{answer['user']} in {answer['team']}"))
    for finding in (_scopes(answer), _socket_mode(client), *_channels(client), _pages()):
        if finding is not None:
            note(finding)
    return all(finding.ok for finding in findings)


def wanted_scopes() -> set[str]:
    """The bot scopes of the manifest."""
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return set(manifest["oauth_config"]["scopes"]["bot"])


def _secret() -> Finding:
    try:
        secret = signing_secret()
    except MissingConnection as error:
        todo = "Copy the Signing Secret from Basic Information into extra 'signing_secret'."
        return Finding("signing secret", False, str(error), todo)
    if _SECRET.fullmatch(secret):
        return Finding("signing secret", True, "is set; only a call of Slack's can prove it")
    todo = "Copy the Signing Secret (32 hexadecimal digits) again; it is not the client secret."
    return Finding("signing secret", False, "does not look like one", todo)


def _scopes(answer: Any) -> Finding:
    headers = {str(k).lower(): v for k, v in (getattr(answer, "headers", None) or {}).items()}
    given = headers.get("x-oauth-scopes")
    if given is None:
        todo = "Compare OAuth & Permissions with slack/manifest.yaml by hand."
        return Finding("scopes", False, "Slack did not say which scopes the token has", todo)
    missing = sorted(wanted_scopes() - {scope.strip() for scope in str(given).split(",")})
    if missing:
        todo = "Add them under OAuth & Permissions (or paste the manifest again) and reinstall."
        return Finding("scopes", False, f"missing: {', '.join(missing)}", todo)
    return Finding("scopes", True, f"all {len(wanted_scopes())} are granted")


def _socket_mode(client: WebClient) -> Finding | None:
    try:
        token = app_token()
    except MissingConnection:
        return None
    answer, trouble = ask_slack(lambda: client.apps_connections_open(app_token=token))
    if answer is not None:
        return Finding("Socket Mode", True, "the app token is good")
    todo = "Make an app-level token with connections:write, and switch Socket Mode on."
    return Finding("Socket Mode", False, f"Slack answers {trouble}", todo)


def _channels(client: WebClient) -> list[Finding]:
    wanted = {load_settings().review_channel: "review channel"}
    unread: list[Finding] = []
    try:
        with session_scope() as session:
            areas = session.execute(select(Area.slug, Area.slack_channel).order_by(Area.slug)).all()
    except Exception as error:
        areas = []
        todo = "Is the connection feedback_db right, and its schema up to date?"
        unread = [Finding("channels of areas", False, type(error).__name__, todo)]
    wanted |= {channel: f"channel of area {slug}" for slug, channel in areas if channel}
    known, trouble = _known_channels(client)
    if known is None:
        todo = "Grant channels:read and groups:read."
        return [Finding("channels", False, f"Slack answers {trouble}", todo)]
    found = [_channel(name, what, known) for name, what in wanted.items() if name]
    return [*found, *unread]


def _channel(name: str, what: str, known: list[dict[str, Any]]) -> Finding:
    plain = name.removeprefix("#")
    channel = next((c for c in known if plain in (c["id"], c.get("name"))), None)
    if channel is None:
        todo = "Create it; if it is private, invite the app to it first: /invite @GTM Feedback"
        return Finding(what, False, f"{name} is not there, or the app cannot see it", todo)
    if channel.get("is_archived"):
        return Finding(what, False, f"{name} is archived", "Name another one in the settings.")
    if not channel.get("is_member"):
        return Finding(what, False, f"the app is not in {name}", "/invite @GTM Feedback there.")
    return Finding(what, True, name)


def _known_channels(client: WebClient) -> tuple[list[dict[str, Any]] | None, str]:
    known: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer, trouble = ask_slack(
            lambda after=cursor: client.conversations_list(  # type: ignore[misc]
                types="public_channel,private_channel", limit=_LIST_PAGE, cursor=after
            )
        )
        if answer is None:
            return None, trouble
        known += answer["channels"]
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
        if cursor is None:
            return known, ""


def _pages() -> Finding | None:
    if load_settings().pages_url:
        return None
    todo = "Set [api] base_url; without it messages have no links and links no previews."
    return Finding("pages", True, f"Airflow does not say where its pages are. {todo}")


def ask_slack(work: Callable[[], Any]) -> tuple[Any | None, str]:
    """What Slack answers, or None and the kind of trouble."""
    try:
        return work(), ""
    except Exception as error:
        return None, read_trouble(error, 1).code


def main() -> int:
    """Print the findings; 1 when something is missing."""
    read_as_server()

    def say(finding: Finding) -> None:
        print(f"{'ok     ' if finding.ok else 'MISSING'}  {finding.what}: {finding.detail}")
        if finding.todo and not finding.ok:
            print(f"         → {finding.todo}")

    try:
        complete = check(say)
    except FatalError as error:
        print(f"MISSING  settings: {error}")
        return 1
    print("Slack is set up." if complete else "Not everything is set up yet; see docs/slack.md.")
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
