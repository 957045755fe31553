"""The columns of a CSV file, and the fields of an entry that they stand for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError
from include.base.file_header import Header
from include.base.text import comparable
from include.entries.submission import Submission
from include.people.person import Submitter

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = (
    *(name for name in Submission.model_fields if name not in ("submitter", "source")),
    *(f"submitter_{name}" for name in Submitter.model_fields),
)
_ALSO = {
    **dict.fromkeys(("pain", "feedback", "customer_feedback", "verbatim"), "customer_pain"),
    **dict.fromkeys(("account", "customer_id"), "account_id"),
    **dict.fromkeys(("opportunity", "deal", "deal_id"), "opportunity_id"),
    **dict.fromkeys(("area", "product_area", "product_areas"), "areas"),
    **dict.fromkeys(("link", "url", "urls"), "links"),
    **dict.fromkeys(("id", "externalid"), "external_id"),
    **dict.fromkeys(("email", "e_mail", "submitter_e_mail"), "submitter_email"),
    **dict.fromkeys(("slack_user_id", "slack_id"), "submitter_slack_user_id"),
    "priority": "severity",
    "submitted_by": "submitter_name",
}
"""Other names that exports give to these columns."""

HEADER = Header(COLUMNS, "customer_pain", _ALSO)

_SPLIT = {
    "areas": re.compile(r"[;,|\n]"),
    "links": re.compile(r"[;,|]?\s+|;|[,|](?=https?://)", re.I),
}
"""No address holds a blank, so links may be parted by one; no slug holds a sign."""

_IDS = frozenset({"account_id", "opportunity_id", "external_id"})


def as_submission(values: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a submission: one name a field, lists of cells, the submitter's parts together.

    Raises:
        FatalError: a field is named twice.
    """
    row: dict[str, Any] = {}
    submitter: dict[str, Any] = {}
    for given, value in values.items():
        name = HEADER.field_of(given)
        if name not in COLUMNS and name not in Submission.model_fields:
            # It is refused by the name that the file gives it.
            name = given
        if name in row:
            raise FatalError(f"{name} is given twice")
        if isinstance(value, str) and name in _SPLIT:
            row[name] = [part.strip() for part in _SPLIT[name].split(value) if part.strip()]
        elif isinstance(value, str) and name == "severity":
            row[name] = comparable(value).strip()
        elif name in _IDS and isinstance(value, int) and not isinstance(value, bool):
            # Other systems number their records.
            row[name] = str(value)
        elif name.startswith("submitter_"):
            submitter[name.removeprefix("submitter_")] = value
        else:
            row[name] = value
    if submitter and not row.get("submitter"):
        row["submitter"] = submitter
    return row
