"""Tests that need a cluster's programs; ``make cluster-test`` runs them, ``make test`` does not."""

from __future__ import annotations

from sandbox.environment import Sandbox
from tests.e2e.conftest import airflow, configure, newest_sample, slack, stack

__all__ = ["airflow", "configure", "newest_sample", "slack", "stack"]

collect_ignore_glob = [] if Sandbox.from_environment().cluster else ["test_*.py"]
