"""The chaos suite has a running Airflow of its own; ``make chaos`` runs it, ``make test`` a part.

The part in ``make test`` is ``tests/e2e/test_faults.py``, on the Airflow of the end-to-end tests.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sandbox.environment import Sandbox
from tests.chaos.effects import make_tables
from tests.e2e.conftest import airflow, configure, slack, stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.stack import Stack
    from tests.chaos.batch import Verdict

__all__ = ["airflow", "configure", "slack", "stack"]

WAITS = int(os.environ.get("CHAOS_WAITS", "0"))
ON_ONE_MACHINE, ON_A_CLUSTER = ["test_chaos.py", "test_workers.py"], ["test_cluster.py"]
if not WAITS:
    collect_ignore = ON_ONE_MACHINE + ON_A_CLUSTER
else:
    collect_ignore = ON_ONE_MACHINE if Sandbox.from_environment().cluster else ON_A_CLUSTER
HEAD = (
    "| fault | waits | of them parked | lost | doubled | steps run again | p95 wake, s |\n"
    "|---|---:|---:|---:|---:|---:|---:|"
)


@pytest.fixture(scope="session")
def table() -> Iterator[list[Verdict]]:
    """All verdicts; printed as the table when the suite ends."""
    rows: list[Verdict] = []
    yield rows
    print("\n\n" + HEAD)
    for verdict in rows:
        print(verdict.row())
    total = sum(verdict.waits for verdict in rows)
    lost = sum(len(verdict.lost) for verdict in rows)
    doubled = sum(len(verdict.doubled) for verdict in rows)
    print(f"\n{total} waits, {lost} lost, {doubled} doubled")


@pytest.fixture
def waits(stack: Stack, configure: Callable[..., None]) -> int:
    """How many waits a fault meets; most of them are parked."""
    make_tables()
    configure(hot_waits=max(2, WAITS // 4))
    return WAITS
