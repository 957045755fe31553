"""The product's data as Airflow assets, to schedule DAGs of your own on and to see what feeds what.

An event of an asset means that rows of it were written; it carries no customer's words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUESTS = Asset(name="gtm_feedback_requests", uri="gtm-feedback://requests", group="gtm_feedback")
"""Feature requests: one was opened, or its status changed."""

FEEDBACK = Asset(name="gtm_feedback_feedback", uri="gtm-feedback://feedback", group="gtm_feedback")
"""Evidence on requests: some was attached."""

EMBEDDINGS = Asset(
    name="gtm_feedback_embeddings", uri="gtm-feedback://embeddings", group="gtm_feedback"
)
"""Vectors of requests: some were made or made anew."""

REPORTS = Asset(name="gtm_feedback_reports", uri="gtm-feedback://reports", group="gtm_feedback")
"""Area reports of a day; the event's extra has ``as_of``, ``processed_count``, ``failed_count``."""

DIGESTS = Asset(name="gtm_feedback_digests", uri="gtm-feedback://digests", group="gtm_feedback")
"""A week's digest was made; the event's extra has ``week``."""

ENTRY_WRITES = AssetAlias("gtm_feedback_entry", group="gtm_feedback")
"""What the run of an entry wrote: its last task adds the assets, by what happened."""

LOAD_WRITES = AssetAlias("gtm_feedback_load", group="gtm_feedback")
"""What ``import_requests`` wrote: nothing when it was a dry run or everything was there."""


def loaded_by(result: Mapping[str, Any]) -> tuple[Asset, ...]:
    """The assets that a load of requests wrote; ``result`` is what ``embed_requests`` returns."""
    wrote = not result["dry_run"] and result["added"] + result["changed"] > 0
    return (*((REQUESTS,) if wrote else ()), *((EMBEDDINGS,) if result["embedded"] else ()))


def written_by(result: Mapping[str, Any]) -> tuple[Asset, ...]:
    """The assets that an entry's run wrote; ``result`` is what ``report_outcome`` returns."""
    if "duplicate_of_run" in result:
        return ()
    by_outcome = {"attached": (FEEDBACK,), "created": (REQUESTS, FEEDBACK, EMBEDDINGS)}
    return by_outcome.get(result["outcome"], ())
