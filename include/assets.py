"""The product's data as Airflow assets, to schedule DAGs of your own on and to see what feeds what.

An event of an asset means that rows of it were written; it carries no customer's words.
"""

from __future__ import annotations

from airflow.sdk import Asset

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
