"""App Home and the list pages on a grown database: what PostgreSQL takes for each.

``python -m benchmarks.lists [--entries 1000000] [--plans]``

Each page is read once to learn its statements; each of those is then explained with ANALYZE three
times, and the fastest counts, planning included. A page's figure is the sum of its statements.
``--plans`` prints the plan of every statement beyond its share, which shows what index is missing.

The database is that of ``benchmarks.grown``. The last column names the tables of more than a
thousand rows that a page reads from end to end.
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from benchmarks.grown import grown_database
from benchmarks.report import Figures, Report, Target
from include.entries.overview import overview_of
from include.people.actor import Actor, Standing
from include.store.models import Request
from include.web.accounts.queries import read_account, read_accounts
from include.web.areas.queries import read_area, read_areas
from include.web.entry.queries import read_entry
from include.web.health.queries import read_health
from include.web.inbox.queries import read_inbox
from include.web.request.queries import read_request
from include.web.requests.queries import SORTS, Wanted, choices, read_requests
from include.web.settings.queries import read_thresholds

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

MOST_MS = 50.0
RUNS = 3
_GROWN = (
    "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
    " WHERE relkind = 'r' AND reltuples > 1000 AND nspname = current_schema()"
)


def pages() -> dict[str, Callable[[Session], object]]:
    """Each page by what it is called."""
    one = Actor(Standing.MEMBER, "U02", user_id=2)
    most = Actor(Standing.MEMBER, "U01", user_id=1)
    found: dict[str, Callable[[Session], object]] = {
        "App Home": lambda session: overview_of(session, one),
        "App Home of whoever handed in a tenth": lambda session: overview_of(session, most),
        "accounts": lambda session: read_accounts(session, "", ""),
        "accounts by a name": lambda session: read_accounts(session, "ount 77", ""),
        "the account with a tenth": lambda session: read_account(session, "ACC-1"),
        "areas": read_areas,
        "an area": lambda session: read_area(session, "area-7", None),
        "health": lambda session: read_health(session, ask=False, stuck_minutes=30),
        "settings": read_thresholds,
        "an entry": lambda session: read_entry(session, 77),
        "filters of requests": choices,
        "the request with a hundredth": lambda session: read_request(
            session, session.get_one(Request, 1), visitor_id=2, before=None
        ),
    }
    for whose in ("mine", "unowned", "all"):
        found[f"inbox, {whose}"] = _inbox(whose, "")
    found["inbox, one area"] = _inbox("all", "area-7")
    for sort in SORTS:
        found[f"requests by {sort}"] = _requests(Wanted(sort=sort))
    found["requests, one area"] = _requests(Wanted(area="area-7"))
    found["requests, shipped"] = _requests(Wanted(status="shipped"))
    found["requests, page 2"] = _requests(Wanted(sort="feedback", after="20_500"))
    return found


def _inbox(whose: str, area: str) -> Callable[[Session], object]:
    return lambda session: read_inbox(
        session, whose=whose, area=area, labels=["slack:U02"], after=""
    )


def _requests(wanted: Wanted) -> Callable[[Session], object]:
    return lambda session: read_requests(session, wanted)


def statements_of(session: Session, read: Callable[[Session], object]) -> list[tuple[str, Any]]:
    """What a page asks the database, statement by statement."""
    seen: list[tuple[str, Any]] = []

    def remember(*call: Any) -> None:
        if call[2].lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append((call[2], call[3]))

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", remember)
    try:
        read(session)
    finally:
        event.remove(bind, "before_cursor_execute", remember)
    return seen


def explained(session: Session, statement: str, parameters: Any) -> tuple[float, str]:
    """Milliseconds inside PostgreSQL, the fastest of three runs, and the plan in words."""
    cursor = session.connection().connection.driver_connection.cursor()  # type: ignore[union-attr]
    fastest, words = float("inf"), ""
    for _ in range(RUNS):
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)
        lines = [row[0] for row in cursor.fetchall()]
        taken = sum(
            float(line.split()[2]) for line in lines if line.startswith(("Planning Time", "Exec"))
        )
        if taken < fastest:
            fastest, words = taken, "\n".join(lines)
    return fastest, words


def measure_pages(engine: Engine, *, plans: bool) -> list[tuple[str, int, float, float, str]]:
    """Each page: statements, milliseconds of all and of the slowest, grown tables read whole."""
    found = []
    with engine.connect() as connection:
        grown = set(connection.execute(text(_GROWN)).scalars())
    for name, read in pages().items():
        with Session(engine) as session:
            asked = statements_of(session, read)
            taken = [explained(session, *one) for one in asked]
            session.rollback()
        times = [one[0] for one in taken]
        scanned = {
            table
            for _, plan in taken
            for table in re.findall(r"Seq Scan on (\w+)", plan)
            if table in grown
        }
        found.append((name, len(asked), sum(times), max(times), ", ".join(sorted(scanned))))
        for (statement, _), (milliseconds, plan) in zip(asked, taken, strict=True):
            if plans and milliseconds > MOST_MS / 5:
                sys.stdout.write(f"\n## {name}: {milliseconds:.1f} ms\n{statement}\n{plan}\n")
    return found


def measure(*, quick: bool, entries: int = 1_000_000, plans: bool = False) -> Report:
    """All pages at a million entries (50,000 when quick)."""
    count = min(entries, 50_000) if quick else entries
    with grown_database(count) as (engine, seconds):
        rows = measure_pages(engine, plans=plans)
    return Report(
        name="lists",
        purpose=f"App Home and the pages with {count:,} entries and {count // 10:,} requests.",
        figures=[
            Figures(
                "Milliseconds inside PostgreSQL",
                ("Page", "statements", "all", "slowest", "read whole"),
                [
                    (name, str(asked), f"{al:.1f}", f"{one:.1f}", whole)
                    for name, asked, al, one, whole in rows
                ],
                f"EXPLAIN ANALYZE, planning included, the fastest of {RUNS} runs of each "
                f"statement. Filled in {seconds:.0f} s.",
            )
        ],
        targets=[Target(name, MOST_MS, al, "ms") for name, _, al, _, _ in rows],
    )


def main() -> None:
    """Print the report."""
    from rich.console import Console

    from benchmarks.report import print_report, print_targets

    parser = argparse.ArgumentParser(description="App Home and lists on a grown database.")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--plans", action="store_true", help="print the plans of slow statements")
    options = parser.parse_args()
    report = measure(quick=False, entries=options.entries, plans=options.plans)
    console = Console()
    print_report(report, console)
    print_targets(report.targets, console)


if __name__ == "__main__":
    main()
