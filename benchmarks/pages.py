"""What the server takes for each page on a grown database, from the request to the whole answer.

``python -m benchmarks.pages [--entries 1000000]``

The pages run in this process as Airflow mounts them, signed in as a user who may act; Airflow's own
check of a token needs its database and is not measured. Each page is asked for once, which counts
as the first after a start, and then 40 times. The database is that of ``benchmarks.grown``.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import event

from benchmarks.grown import grown_database
from benchmarks.report import Figures, Report, Target
from include.store.session import engine_for

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy import Engine
    from starlette.testclient import TestClient

MOST_MS, MOST_FIRST_MS = 100.0, 300.0
TIMES = 40
MOUNT = "/gtm-feedback"
ADDRESSES = (
    "inbox",
    "inbox?whose=all",
    "inbox?whose=all&area=area-7",
    "requests",
    "requests?sort=feedback",
    "requests?area=area-7",
    "requests?status=shipped",
    "requests?q=report",
    "requests/r-77",
    "requests/r-1",
    "entries/77",
    "areas",
    "areas/area-7",
    "accounts",
    "accounts?q=ount%2077",
    "accounts/ACC-77",
    "accounts/ACC-1",
    "digests",
    "health",
    "settings",
    "entries/new",
    "me",
    "api/requests",
    "api/requests/r-77",
    "api/entries/77",
    "api/accounts",
    "api/questions",
)


def host() -> FastAPI:
    """The pages as Airflow mounts them, for one signed-in user."""
    os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = "x" * 64
    from airflow.api_fastapi.app import _AuthManagerState
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.security import get_user
    from airflow.models.dag import DagModel
    from fastapi import FastAPI

    from include.web.app import build

    _AuthManagerState.instance = SimpleAuthManager()
    DagModel.get_team_name = staticmethod(lambda _dag_id, **_: None)  # type: ignore[method-assign, assignment]
    pages = build()
    user = SimpleAuthManagerUser(username="p2@example.com", role="admin")
    pages.dependency_overrides[get_user] = lambda: user
    app = FastAPI()
    app.mount(MOUNT, pages)
    return app


def measure_page(
    client: TestClient, engine: Engine, address: str, times: int
) -> tuple[int, float, float, float]:
    """Statements of a call, then milliseconds: of the first, the median, the 95th percentile."""
    asked: list[str] = []

    def count(*call: object) -> None:
        asked.append(str(call[2]))

    taken = []
    for number in range(times + 1):
        if number == 1:
            event.listen(engine, "before_cursor_execute", count)
        started = time.perf_counter()
        answer = client.get(f"{MOUNT}/{address}")
        taken.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")
        if number == 1:
            event.remove(engine, "before_cursor_execute", count)
    again = sorted(taken[1:])
    return len(asked), taken[0], again[len(again) // 2], again[int(len(again) * 0.95)]


def measure(*, quick: bool, entries: int = 1_000_000) -> Report:
    """All pages at a million entries and a hundred thousand requests (50,000 when quick)."""
    count = min(entries, 50_000) if quick else entries
    with grown_database(count) as (engine, seconds):
        rows = measure_on(engine)
    worst_first = max(rows, key=lambda row: row[2])
    return Report(
        name="pages",
        purpose=f"Each page with {count:,} entries and {count // 10:,} requests.",
        figures=[
            Figures(
                "Milliseconds from the request to the whole answer",
                ("Page", "statements", "first", "p50", "p95"),
                [(name, str(n), *(f"{ms:.0f}" for ms in times)) for name, n, *times in rows],
                f"In one process, {TIMES} calls a page after the first. Filled in {seconds:.0f} s.",
            )
        ],
        targets=[
            *(Target(name, MOST_MS, p95, "ms") for name, _, _, _, p95 in rows),
            Target(f"the slowest first: {worst_first[0]}", MOST_FIRST_MS, worst_first[2], "ms"),
        ],
    )


def measure_on(engine: Engine) -> list[tuple[str, int, float, float, float]]:
    """Each page on a filled database."""
    url = engine.url
    os.environ["AIRFLOW_CONN_FEEDBACK_DB"] = (
        f"postgres://{url.username}:{url.password or ''}@/{url.database}"
        f"?host={quote(str(url.query['host']), safe='')}"
    )
    from starlette.testclient import TestClient

    from include.base.connections import FEEDBACK_DB, get_connection
    from include.store.session import database_url

    with TestClient(host(), headers={"accept": "text/html"}) as client:
        used = engine_for(database_url(get_connection(FEEDBACK_DB)))
        return [(one, *measure_page(client, used, one, TIMES)) for one in ADDRESSES]


def main() -> None:
    """Print the report."""
    from rich.console import Console

    from benchmarks.report import print_report, print_targets

    parser = argparse.ArgumentParser(description="Each page on a grown database.")
    parser.add_argument("--entries", type=int, default=1_000_000)
    options = parser.parse_args()
    report = measure(quick=False, entries=options.entries)
    console = Console()
    print_report(report, console)
    print_targets(report.targets, console)


if __name__ == "__main__":
    main()
