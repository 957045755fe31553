"""The product's operations on a real database, as ``tests/db/entries`` has them."""

from tests.db.entries.conftest import calibrated, embedder, model, quiet_edges

__all__ = ["calibrated", "embedder", "model", "quiet_edges"]
