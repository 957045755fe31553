"""How many database connections a deployment may need, against what its servers allow.

``python -m include.operations.connection_budget --workers 4 --concurrency 16`` adds up the peaks of
each kind of process and compares the sum with ``max_connections`` of the product's database.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.base.connections import read_as_server
from include.store.session import MOST_CONNECTIONS, session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

POOL = 20
"""``default_pool_size`` of PgBouncer: what it opens at most for Airflow's metadata."""


@dataclass(frozen=True)
class Kind:
    """A kind of process, and how many connections one of it may have at once.

    Attributes:
        product: To ``feedback_db``.
        metadata: To Airflow's metadata, when nothing pools them.
    """

    product: int
    metadata: int


# Airflow's engines have a pool of 5 and 10 more; the API server has one for each of two drivers.
KINDS: Mapping[str, Kind] = {
    "api-server": Kind(product=MOST_CONNECTIONS, metadata=30),
    "scheduler": Kind(product=0, metadata=15),
    "dag-processor": Kind(product=0, metadata=15),
    # The loop, the keeper, and handlers of reminders and expiry.
    "triggerer": Kind(product=5, metadata=15),
    # A Celery worker's process writes the task's result; the task itself asks the API server.
    "task": Kind(product=2, metadata=1),
    "socket-mode": Kind(product=MOST_CONNECTIONS, metadata=15),
}


@dataclass(frozen=True)
class Budget:
    """What a deployment may need at most of each database."""

    product: int
    metadata: int


def budget(counts: Mapping[str, int], *, pooled: bool) -> Budget:
    """Add up; ``pooled`` when PgBouncer is before Airflow's metadata."""
    product = sum(KINDS[kind].product * count for kind, count in counts.items())
    metadata = sum(KINDS[kind].metadata * count for kind, count in counts.items())
    return Budget(product, min(metadata, POOL) if pooled else metadata)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 when the product's server allows fewer connections than may be needed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for kind in ("api-server", "scheduler", "dag-processor", "triggerer"):
        parser.add_argument(f"--{kind}s", type=int, default=1, metavar="N")
    parser.add_argument("--socket-modes", type=int, default=0, metavar="N")
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    parser.add_argument("--concurrency", type=int, default=12, metavar="N", help="tasks a worker")
    parser.add_argument("--pooled", action="store_true", help="PgBouncer is before the metadata")
    parser.add_argument("--one-server", action="store_true", help="both databases are on it")
    given = parser.parse_args(arguments)
    counts = {kind: getattr(given, f"{kind}s".replace("-", "_"), 0) for kind in KINDS}
    counts["task"] = given.workers * given.concurrency
    found = budget(counts, pooled=given.pooled)
    for kind, count in counts.items():
        of = KINDS[kind]
        print(f"{kind:<14} {count:>4} x {of.product:>3} product, {of.metadata:>3} metadata")
    print(f"{'at most':<14} {found.product:>10} product, {found.metadata:>3} metadata")
    read_as_server()
    with session_scope() as session:
        allowed = int(
            session.execute(
                text(
                    "SELECT current_setting('max_connections')::int "
                    "- current_setting('superuser_reserved_connections')::int"
                )
            ).scalar_one()
        )
    needed = found.product + (found.metadata if given.one_server else 0)
    if needed > allowed:
        print(f"The product's server allows {allowed}: too few. Raise max_connections to more than")
        print(f"{needed}, or run fewer processes; a pool in session mode does not save any.")
        return 1
    print(f"The product's server allows {allowed}: enough for {needed}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
