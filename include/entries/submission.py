"""A submission as it is handed in: checked, normalised, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from include.base.errors import FatalError
from include.people.users import Submitter

MAX_PAIN = 10_000
MAX_LINKS = 20
MAX_EXTERNAL_ID = 500
SEVERITIES = ("low", "medium", "high")
SOURCES = ("slack", "api", "ui", "import")
DEFAULT_SEVERITY = "medium"


@dataclass(frozen=True)
class Submission:
    """The fields of ``process_customer_entry``, valid and with blanks turned into ``None``."""

    customer_pain: str
    severity: str
    source: str
    account_id: str | None
    opportunity_id: str | None
    areas: tuple[str, ...]
    links: tuple[str, ...]
    external_id: str | None
    submitter: Submitter | None


def parse_submission(values: Mapping[str, Any]) -> Submission:
    """Check the parameters of a run.

    Raises:
        FatalError: a field is missing or wrong; the message names the field, what was given
            (never the customer's words) and what is allowed.
    """
    pain = values.get("customer_pain")
    # PostgreSQL cannot store a NUL character.
    pain = pain.replace("\x00", "").strip() if isinstance(pain, str) else ""
    if not pain:
        raise FatalError("customer_pain is missing or blank: say in a sentence what hurts")
    if len(pain) > MAX_PAIN:
        raise FatalError(
            f"customer_pain has {len(pain)} characters; at most {MAX_PAIN} are allowed"
        )
    return Submission(
        customer_pain=pain,
        severity=_choice("severity", values.get("severity"), SEVERITIES, DEFAULT_SEVERITY),
        source=_choice("source", values.get("source"), SOURCES, "api"),
        account_id=_text("account_id", values.get("account_id")),
        opportunity_id=_text("opportunity_id", values.get("opportunity_id")),
        areas=tuple(str(area).strip() for area in _items("areas", values.get("areas"))),
        links=tuple(_link(link) for link in _items("links", values.get("links"))),
        external_id=_text("external_id", values.get("external_id")),
        submitter=_submitter(values.get("submitter")),
    )


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise FatalError(f"{name} must be a text, got {type(value).__name__}")
    return value.strip() or None


def _choice(name: str, value: Any, allowed: tuple[str, ...], default: str) -> str:
    text = _text(name, value)
    if text is None:
        return default
    if text not in allowed:
        raise FatalError(f"{name} {text[:40]!r} is unknown; use one of {', '.join(allowed)}")
    return text


def _items(name: str, value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise FatalError(f"{name} must be a list of texts")
    items = [item for item in value if item.strip()]
    if len(items) > MAX_LINKS:
        raise FatalError(f"{name} has {len(items)} items; at most {MAX_LINKS} are allowed")
    return items


def _link(value: str) -> str:
    link = value.strip()
    try:
        parts = urlsplit(link)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        valid = False
    if not valid or any(character.isspace() for character in link) or len(link) > 2000:
        raise FatalError(f"links holds {link[:80]!r}, which is no http(s) URL")
    return link


def _submitter(value: Any) -> Submitter | None:
    if value is None or value == {}:
        return None
    if not isinstance(value, Mapping):
        raise FatalError("submitter must be an object with email, slack_user_id and name")
    email = _text("submitter.email", value.get("email"))
    if email is not None and ("@" not in email.strip("@") or any(c.isspace() for c in email)):
        raise FatalError(f"submitter.email {email[:80]!r} is no e-mail address")
    slack_user_id = _text("submitter.slack_user_id", value.get("slack_user_id"))
    name = _text("submitter.name", value.get("name"))
    if email is None and slack_user_id is None:
        return None
    return Submitter(email=email, slack_user_id=slack_user_id, name=name)
