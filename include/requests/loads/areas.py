"""Product areas."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from include.base.checked import Text, none_if_blank, refusal, shown
from include.base.text import identifier, stored
from include.people.person import one_line
from include.requests.loads.load import TableTarget
from include.requests.loads.row import Row
from include.store.models import Area

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")
_CHANNEL = re.compile(r"#\S{1,80}|[CG][A-Z0-9]{2,}")


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise refusal(
            f"{shown(value)} is no slug: use small letters, digits and hyphens, as in data-export"
        )
    return value


def _channel(value: str) -> str:
    if value and not _CHANNEL.fullmatch(value):
        raise refusal(f"{shown(value)} is no Slack channel: write #its-name or its id")
    return value


Slug = Annotated[str, Text(lambda text: identifier(text).lower(), 100, 100), AfterValidator(_slug)]
AreaName = Annotated[str, Text(one_line, 100, 400)]
Description = Annotated[str, Text(lambda text: stored(text).strip(), 500, 2_000)]
Channel = Annotated[str, Text(identifier, 81, 320), AfterValidator(_channel)]


class AreaRow(Row):
    """A product area. Feedback finds its area by the name and the description."""

    key: ClassVar[str] = "slug"
    needed: ClassVar[tuple[str, ...]] = ("name",)
    also: ClassVar[dict[str, str]] = {
        "area": "name",
        "channel": "slack_channel",
        "firehose": "slack_channel",
    }

    slug: Slug
    name: Annotated[AreaName | None, AfterValidator(none_if_blank)] = None
    description: Description = ""
    slack_channel: Annotated[Channel | None, AfterValidator(none_if_blank)] = None


class Areas(TableTarget[AreaRow]):
    """The table ``areas``."""

    kind = AreaRow
    model = Area
