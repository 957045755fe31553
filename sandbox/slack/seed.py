"""The people, channels and app that a fresh workspace starts with. All invented."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

TEAM: dict[str, Any] = {"id": "T0DEMO", "name": "Lumen Demo", "domain": "lumen-demo"}
APP_ID = "A0GTM"
BOT_ID = "B0GTM"
BOT_USER = "U0GTMBOT"
# Slack calls it deprecated, yet still sends it. Verify the signature, never this.
VERIFICATION_TOKEN = "sandbox-verification-token"
REACTION = "gtm-feedback"


@dataclass(frozen=True, slots=True)
class Person:
    """One member of the workspace."""

    id: str
    handle: str
    name: str
    title: str
    color: str
    email: str | None = None
    is_bot: bool = False
    is_guest: bool = False


PEOPLE: tuple[Person, ...] = (
    Person("U0ANN", "ann", "Ann Ames", "Account Executive", "b5446e", "ann.ames@example.com"),
    Person("U0BEN", "ben", "Ben Okafor", "Solutions Engineer", "2f7d6b", "ben.okafor@example.com"),
    Person("U0CARLA", "carla", "Carla Ruiz", "Product Manager", "7a5195", "carla.ruiz@example.com"),
    Person("U0DEV", "dev", "Dev Patel", "Engineer, Reporting", "3b6fb5", "dev.patel@example.com"),
    Person("U0EVE", "eve", "Eve Lindqvist", "Customer Success", "b86a1f", "eve.l@example.com"),
    # Two who do not answer questions: a customer's guest, and somebody without an address.
    Person(
        "U0GIL", "gil", "Gil Moreau", "Guest, Northwind", "6b7280", "gil@example.com", False, True
    ),
    Person("U0NOA", "noa", "Noa Sato", "Contractor", "8b5e34"),
    Person(BOT_USER, "gtm-feedback", "GTM Feedback", "App", "4a154b", None, True),
)


def stranger(number: int) -> Person:
    """One of many invented people who are only there in numbers."""
    name = f"person{number:04d}"
    title = "Account Executive"
    return Person(
        f"U0P{number:04d}", name, f"Person {number}", title, "64748b", f"{name}@example.com"
    )


_EVERYBODY = [p.id for p in PEOPLE]


def _channel(cid: str, name: str, topic: str, *, bot: bool = True, **more: Any) -> dict[str, Any]:
    members = [m for m in _EVERYBODY if bot or m != BOT_USER]
    return {
        "id": cid,
        "name": name,
        "is_channel": True,
        "is_im": False,
        "is_private": False,
        "is_archived": False,
        "is_ext_shared": False,
        "topic": {"value": topic},
        "purpose": {"value": topic},
        "creator": "U0CARLA",
        "created": 1700000000,
        "members": members,
        **more,
    }


def channels() -> list[dict[str, Any]]:
    """Fresh copies of the seeded channels."""
    return [
        _channel("C0FEEDBACK", "feedback", "What customers tell us"),
        _channel("C0REVIEW", "feedback-review", "Questions that need a human"),
        _channel("C0REPORTING", "eng-reporting", "Firehose of the Reporting area"),
        _channel("C0GENERAL", "general", "Company-wide"),
        _channel("C0DEALS", "deals", "The app is not a member here", bot=False),
        _channel("C0SHARED", "ext-northwind", "Shared with Northwind", is_ext_shared=True),
    ]


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut the app offers: ``global`` in the composer, ``message`` in a message's menu."""

    callback_id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class AppFeatures:
    """What the app's manifest declares and the page therefore offers."""

    shortcuts: tuple[Shortcut, ...]
    commands: tuple[str, ...]
    unfurl_domains: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


DEFAULT_FEATURES = AppFeatures(
    shortcuts=(
        Shortcut("add_feedback", "Add Feedback", "global"),
        Shortcut("add_feedback_from_message", "Add as feedback", "message"),
    ),
    commands=("/feedback", "/shipped"),
)


def read_features(manifest: Path | None) -> AppFeatures:
    """Read shortcuts, commands and unfurl domains from an app manifest (JSON or YAML).

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is not a manifest.
    """
    if manifest is None:
        return DEFAULT_FEATURES
    text = manifest.read_text(encoding="utf-8")
    if manifest.suffix == ".json":
        document = json.loads(text)
    else:
        import yaml

        document = yaml.safe_load(text)
    if not isinstance(document, dict) or "features" not in document:
        raise ValueError(f"{manifest} has no 'features': it is not a Slack app manifest")
    features = document["features"]
    return AppFeatures(
        shortcuts=tuple(
            Shortcut(s["callback_id"], s["name"], s["type"]) for s in features.get("shortcuts", ())
        ),
        commands=tuple(c["command"] for c in features.get("slash_commands", ())),
        unfurl_domains=tuple(features.get("unfurl_domains", ())),
        scopes=tuple((document.get("oauth_config") or {}).get("scopes", {}).get("bot", ())),
    )


def user_object(person: Person) -> dict[str, Any]:
    """The person as ``users.info`` shows them."""
    profile: dict[str, Any] = {
        "real_name": person.name,
        "real_name_normalized": person.name,
        "display_name": person.handle,
        "display_name_normalized": person.handle,
        "title": person.title,
        "team": TEAM["id"],
    }
    if person.email:
        profile["email"] = person.email
    if person.is_bot:
        profile["bot_id"] = BOT_ID
        profile["api_app_id"] = APP_ID
    return {
        "id": person.id,
        "team_id": TEAM["id"],
        "name": person.handle,
        "real_name": person.name,
        "color": person.color,
        "deleted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "is_restricted": person.is_guest,
        "is_ultra_restricted": False,
        "tz": "America/New_York",
        "tz_label": "Eastern Time",
        "tz_offset": -18000,
        "updated": 1700000000,
        "profile": profile,
    }
