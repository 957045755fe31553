"""Rows of an earlier release, on a real database."""

from tests.db.entries.conftest import calibrated, embedder, model, quiet_edges

__all__ = ["calibrated", "embedder", "model", "quiet_edges"]
