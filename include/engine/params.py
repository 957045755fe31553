"""Parameter schemas that several DAGs share: the UI's form and the REST API's check."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

DRAFT_3 = {"$schema": "http://json-schema.org/draft-03/schema#"}
"""Every task checks its run's params, some of them twice, each time with a check of the schema
itself. By the oldest draft, which has every keyword used here, that takes a quarter of what it
takes by the newest, which is meant where none is named: 2.5 ms instead of 10.5 for an entry's."""


class _Schema(dict[str, Any]):
    """A schema that nobody changes: Airflow copies the params of a DAG four times for each task."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Schema:
        return self


def param(default: Any, *, description: str | None = None, **schema: Any) -> Param:
    """A ``Param`` that is checked and copied quickly."""
    return Param(default, description, schema=_Schema(DRAFT_3 | schema))


ENTRY_PARAMS = {
    "customer_pain": param(
        None,
        type="string",
        minLength=1,
        maxLength=10_000,
        pattern=r"\S",
        title="Customer's words",
        description="What hurts, in the customer's own words.",
        format="multiline",
    ),
    "severity": param(
        None,
        type=["null", "string"],
        enum=[None, "low", "medium", "high"],
        description="low: nice to have, medium: significant pain, high: dealbreaker.",
    ),
    "account_id": param(None, type=["null", "string"], maxLength=200),
    "opportunity_id": param(None, type=["null", "string"], maxLength=200),
    "areas": param(
        [], type=["null", "array"], items={"type": "string"}, description="Slugs of product areas."
    ),
    "links": param(
        [],
        type=["null", "array"],
        items={"type": "string", "pattern": r"^https?://\S+$"},
        description="http(s) URLs, one a line.",
    ),
    "submitter": param(
        None,
        type=["null", "object"],
        properties={
            name: {"type": ["null", "string"]} for name in ("email", "slack_user_id", "name")
        },
        additionalProperties=False,
        description="Who hands it in: email and/or slack_user_id, name.",
    ),
    "source": param("ui", type="string", enum=["slack", "api", "ui", "import"]),
    "external_id": param(
        None,
        type=["null", "string"],
        maxLength=500,
        description="Id in the source; the same source and id are processed once.",
    ),
}
"""The fields of one submission; ``include.entries.submission`` checks them once more."""

REQUEST_PARAM = param(
    # A default, though None is refused: the triggerer resolves the params of a DAG with a wait
    # without a run's conf, and a param with no default at all ends its process (Airflow 3.3.2).
    None,
    type="string",
    minLength=1,
    maxLength=2_000,
    pattern=r"\S",
    title="Request",
    description="A request's slug, or the address of its page.",
)
"""Which request a run is about; ``include.requests.lookup`` reads it."""

ACTOR_PARAM = param(
    None,
    type=["null", "object"],
    properties={name: {"type": ["null", "string"]} for name in ("email", "slack_user_id", "name")},
    additionalProperties=False,
    description="Who does it: slack_user_id and/or email, name.",
)
"""Who acts; nobody named means the run itself."""
