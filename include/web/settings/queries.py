"""The settings with their defaults and where they come from, and the thresholds in force."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from sqlalchemy import func, select

from include.base.settings import VARIABLE, Settings, load_settings
from include.entries.decisions import judge_words
from include.store.models import Area, Decision, ThresholdSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

MOST = 30
FOUR_WEEKS = timedelta(days=28)
ENVIRONMENT = f"AIRFLOW_VAR_{VARIABLE.upper()}"


@dataclass(frozen=True)
class Setting:
    """One setting as the page shows it; ``text`` is how a form writes it."""

    name: str
    words: str
    text: str
    default: str
    is_default: bool
    is_list: bool
    is_number: bool


def read_settings() -> list[Setting]:
    """Every setting with its value and its default."""
    now, explained = load_settings(), _explained()
    found = []
    for name, field in Settings.model_fields.items():
        value, default = getattr(now, name), field.default
        found.append(
            Setting(
                name=name,
                words=explained.get(name, ""),
                text=_text(value),
                default=_text(default),
                is_default=value == default,
                is_list=isinstance(default, tuple),
                is_number=isinstance(default, int | float),
            )
        )
    return found


def is_fixed() -> bool:
    """Whether the environment sets the variable: what is stored would never be read."""
    return ENVIRONMENT in os.environ


def values_of(form: dict[str, str]) -> dict[str, Any]:
    """What a form means: only what differs from the defaults is stored."""
    found: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        if name not in form:
            continue
        text, default = form[name].strip(), field.default
        value: Any = text
        if text == _text(default):
            continue
        if isinstance(default, bool):
            value = {"true": True, "false": False}.get(text.lower(), text)
        elif isinstance(default, BaseModel):
            value = _object(text)
        elif isinstance(default, tuple):
            value = tuple(part.strip() for part in re.split(r"[,\n]", text) if part.strip())
        elif isinstance(default, int | float) and re.fullmatch(r"-?\d+(\.\d+)?", text):
            value = float(text) if "." in text else int(text)
        if value != default:
            found[name] = value
    return found


def read_thresholds(session: Session) -> Sequence[Any]:
    """The versions of the thresholds, newest first, with how many decisions used each."""
    used = (
        select(Decision.thresholds_version, func.count().label("used"))
        .where(Decision.decided_at > func.now() - FOUR_WEEKS)
        .group_by(Decision.thresholds_version)
        .subquery()
    )
    rows = session.execute(
        select(ThresholdSet, Area.name, Area.slug, func.coalesce(used.c.used, 0).label("used"))
        .outerjoin(Area, Area.id == ThresholdSet.area_id)
        .outerjoin(used, used.c.thresholds_version == ThresholdSet.version)
        .order_by(ThresholdSet.version.desc())
        .limit(MOST)
    ).mappings()
    return [
        dict(row) | {"judge": judge_words(key) if (key := row["ThresholdSet"].judge) else ""}
        for row in rows
    ]


def _text(value: Any) -> str:
    if isinstance(value, BaseModel):
        return value.model_dump_json(exclude_defaults=True)
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _explained() -> dict[str, str]:
    """The sentences of the settings' docstring, by name."""
    found: dict[str, str] = {}
    for line in (Settings.__doc__ or "").splitlines():
        name, colon, words = line.strip().partition(": ")
        if colon and name in Settings.model_fields:
            found[name] = words.replace("``", "")
    return found
