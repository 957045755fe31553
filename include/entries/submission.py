"""A submission as it is handed in: what it may hold is written here, for every way in.

From this model come the parameters of the DAG, the body of the REST route with its OpenAPI
document, the errors of Slack's form and the check of a file's lines.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from include.base.checked import Checked, Id, Text, none_if_blank, refusal, shown
from include.base.text import identifier, stored
from include.people.person import Submitter

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PAIN = 10_000
MAX_LINKS = 20
MAX_EXTERNAL_ID = 500

Source = Literal["slack", "api", "ui", "import"]
Severity = Literal["low", "medium", "high"]


def _said(value: str) -> str:
    if not value:
        raise refusal("is missing or blank: say in a sentence what hurts")
    return value


def _link(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if value and (not is_address or re.search(r"[\s<>\"]", value)):
        raise refusal(
            f"{shown(value)} is no web address: it begins with http:// or https:// and has no blank"
        )
    return value


def _not_blank(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value for value in values if value)


def _somebody(submitter: Submitter | None) -> Submitter | None:
    return submitter if submitter is not None and submitter.is_somebody else None


Words = Annotated[str, Text(lambda text: stored(text).strip(), MAX_PAIN, 4 * MAX_PAIN)]
ExternalId = Annotated[str, Text(identifier, MAX_EXTERNAL_ID, 4 * MAX_EXTERNAL_ID)]
AreaSlug = Annotated[str, Text(identifier, 100, 400)]
Link = Annotated[
    str,
    Text(identifier, 2_000, 8_000),
    AfterValidator(_link),
    Field(json_schema_extra={"pattern": r"^\s*([Hh][Tt][Tt][Pp][Ss]?://[^\s<>\"]+)?\s*$"}),
]


class Submission(Checked):
    """One piece of feedback, valid, in the form it is stored in."""

    private: ClassVar[frozenset[str]] = frozenset({"customer_pain"})

    customer_pain: Annotated[Words, AfterValidator(_said)] = Field(
        title="Customer's words",
        description="What hurts, in the customer's own words.",
        json_schema_extra={"minLength": 1, "pattern": r"\S", "format": "multiline"},
    )
    severity: Severity = Field(
        "medium",
        description="low: nice to have, medium: significant pain, high: dealbreaker.",
    )
    account_id: Annotated[Id | None, AfterValidator(none_if_blank)] = None
    opportunity_id: Annotated[Id | None, AfterValidator(none_if_blank)] = None
    areas: Annotated[tuple[AreaSlug, ...], AfterValidator(_not_blank)] = Field(
        (), max_length=20, description="Slugs of product areas."
    )
    links: Annotated[tuple[Link, ...], AfterValidator(_not_blank)] = Field(
        (), max_length=MAX_LINKS, description="http(s) URLs, one a line."
    )
    submitter: Annotated[Submitter | None, AfterValidator(_somebody)] = Field(
        None, description="Who hands it in: email and/or slack_user_id, name."
    )
    source: Source = "api"
    external_id: Annotated[ExternalId | None, AfterValidator(none_if_blank)] = Field(
        None, description="Id in the source; the same source and id are processed once."
    )

    @property
    def idempotency_key(self) -> str | None:
        """What makes two submissions the same: source and external id; ``None`` without one."""
        if self.external_id is None:
            return None
        # Not case-folded: ids of some sources differ in nothing but case.
        return f"{self.source}:{unicodedata.normalize('NFKC', self.external_id)}"

    def conf(self) -> dict[str, Any]:
        """The fields that say something, as parameters of a run or a body of the REST route."""
        return self.model_dump(mode="json", exclude_defaults=True) | {"source": self.source}


def parse_submission(values: Any) -> Submission:
    """The submission of these fields.

    Raises:
        Refused: a field is missing, wrong or unknown. The message names the field, what was given
            (never the customer's words) and what is allowed.
    """
    return Submission.check(values)


def form_of(conf: Mapping[str, Any]) -> dict[str, Any]:
    """What a person filled in in Slack's form, as the fields of a submission."""
    fields = ("customer_pain", "severity", "account_id", "opportunity_id", "links", "external_id")
    given = {name: conf[name] for name in fields if conf.get(name) is not None}
    return given | {"source": "slack"}
