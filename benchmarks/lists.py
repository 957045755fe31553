"""App Home and the list pages on a grown database: what PostgreSQL takes for each.

``python -m benchmarks.lists [--entries 1000000] [--plans]``

Each page is read once to learn its statements; each of those is then explained with ANALYZE three
times, and the fastest counts, planning included. A page's figure is the sum of its statements.
``--plans`` prints the plan of every statement beyond its share, which shows what index is missing.

The database is made up: 20 entries a request, 100 an account, 200 a submitter, one decision an
entry, one open question to 500 entries and one closed to 20. One person handed in a tenth of all,
one account has a tenth of the evidence and one request a hundredth: the worst pages there are.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from benchmarks.corpus import scratch_database
from benchmarks.report import Figures, Report, Target
from include.entries.overview import overview_of
from include.people.actor import Actor, Standing
from include.store.models import Request
from include.web.accounts.queries import read_account, read_accounts
from include.web.areas.queries import read_areas
from include.web.entry.queries import read_entry
from include.web.inbox.queries import read_inbox
from include.web.request.queries import read_request
from include.web.requests.queries import SORTS, Wanted, choices, read_requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

MOST_MS = 50.0
RUNS = 3
_FILL = (
    "SET LOCAL session_replication_role = replica",
    "SET LOCAL synchronous_commit = off",
    "SELECT setseed(0.5)",
    """
    INSERT INTO areas (slug, name) SELECT 'area-' || n, 'Area ' || n FROM generate_series(1, 30) n
    """,
    """
    INSERT INTO users (slack_user_id, email, name)
    SELECT 'U0' || n, 'p' || n || '@example.com', 'Person ' || n
      FROM generate_series(1, greatest(:n / 200, 20)) n
    """,
    """
    INSERT INTO accounts (id, name, arr)
    SELECT 'ACC-' || n, 'Account ' || n, (random() * 1000000)::int
      FROM generate_series(1, greatest(:n / 100, 20)) n
    """,
    """
    INSERT INTO requests (slug, title, description, status, created_at)
    SELECT 'r-' || n, 'Request ' || n, 'What is wanted, number ' || n,
           CASE WHEN n % 9 = 0 THEN 'shipped' ELSE 'open' END, now() - random() * interval '2 years'
      FROM generate_series(1, greatest(:n / 20, 20)) n
    """,
    """
    INSERT INTO request_areas (request_id, area_id) SELECT id, 1 + id % 30 FROM requests
    """,
    """
    INSERT INTO entries (idempotency_key, source, customer_pain, severity, account_id,
                         account_known, opportunity_known, submitter_id, dag_id, run_id, status,
                         outcome, created_at)
    SELECT 'k-' || n, 'api', 'The export of report ' || n || ' takes minutes and then fails.',
           (ARRAY['low', 'medium', 'high'])[1 + n % 3],
           'ACC-' || CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + floor(random() * :n / 100) END,
           true, false,
           CASE WHEN n % 10 = 1 THEN 1 ELSE 1 + floor(random() * greatest(:n / 200, 20)) END,
           'process_customer_entry', 'run-' || n,
           CASE WHEN n % 500 = 0 THEN 'waiting' ELSE 'done' END,
           CASE WHEN n % 500 = 0 THEN NULL ELSE 'attached' END,
           now() - random() * interval '2 years'
      FROM generate_series(1, :n) n
    """,
    """
    INSERT INTO feedback (request_id, entry_id, quote_length, severity, account_id, confidence,
                          match_type, created_by, created_at)
    SELECT CASE WHEN id % 100 = 0 THEN 1 ELSE 1 + floor(random() * greatest(:n / 20, 20)) END,
           id, 20, severity, account_id, 0.9, 'match', submitter_id, created_at
      FROM entries WHERE status = 'done'
    """,
    """
    INSERT INTO thresholds (attach, ask, created_by) SELECT 0.9, 0.8, 'benchmark'
     WHERE NOT EXISTS (SELECT FROM thresholds)
    """,
    """
    INSERT INTO decisions (key, entry_id, step, route, request_id, confidence, actor_kind,
                           thresholds_version, decided_at)
    SELECT 'match:' || e.id, e.id, 'match',
           CASE WHEN e.status = 'done' THEN 'attach' ELSE 'ask' END,
           coalesce(f.request_id, 1 + e.id % greatest(:n / 20, 20)), 0.9, 'system',
           (SELECT min(version) FROM thresholds), e.created_at
      FROM entries e LEFT JOIN feedback f ON f.entry_id = e.id
    """,
    """
    INSERT INTO hooks (key, round, is_current, kind, dag_id, run_id, task_id, question, responders,
                       handler, status, answer, answered_by, created_at, closed_at, expires_at)
    SELECT 'q-' || e.id, 1, true, 'approval', e.dag_id, e.run_id, 'answer',
           jsonb_build_object('entries', jsonb_build_array(jsonb_build_array(e.id, 0.85)),
                              'request_id', 1 + e.id % greatest(:n / 20, 20)),
           CASE WHEN e.id % 3 = 0 THEN '[]'
                ELSE jsonb_build_array('slack:U0' || e.submitter_id) END,
           'question', CASE WHEN e.status = 'waiting' THEN 'pending' ELSE 'answered' END,
           CASE WHEN e.status = 'waiting' THEN NULL ELSE '{"choice": "attach"}'::jsonb END,
           CASE WHEN e.status = 'waiting' THEN NULL ELSE 'slack:U02' END, e.created_at,
           CASE WHEN e.status = 'waiting' THEN NULL ELSE e.created_at + interval '1 day' END,
           now() + interval '7 days'
      FROM entries e WHERE e.id % 20 = 0
    """,
    """
    INSERT INTO request_followers (request_id, user_id, created_at)
    SELECT DISTINCT ON (request_id, created_by) request_id, created_by, created_at FROM feedback
    """,
    """
    INSERT INTO request_figures (request_id, feedback, accounts, arr, dealbreakers, newest_at)
    SELECT r.id, count(f.id), count(DISTINCT f.account_id), coalesce(sum(a.arr), 0),
           count(*) FILTER (WHERE f.severity = 'high'), max(f.created_at)
      FROM requests r LEFT JOIN feedback f ON f.request_id = r.id
      LEFT JOIN accounts a ON a.id = f.account_id GROUP BY r.id
    ON CONFLICT (request_id) DO NOTHING
    """,
)


def fill(engine: Engine, entries: int) -> float:
    """Make the database up; seconds."""
    started = time.perf_counter()
    with engine.begin() as connection:
        for statement in _FILL:
            connection.execute(text(statement), {"n": entries} if ":n" in statement else {})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return time.perf_counter() - started


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


def measure_pages(engine: Engine, *, plans: bool) -> list[tuple[str, int, float, float]]:
    """Each page: how many statements, milliseconds of all and of the slowest."""
    found = []
    for name, read in pages().items():
        with Session(engine) as session:
            asked = statements_of(session, read)
            taken = [explained(session, *one) for one in asked]
            session.rollback()
        times = [one[0] for one in taken]
        found.append((name, len(asked), sum(times), max(times)))
        for (statement, _), (milliseconds, plan) in zip(asked, taken, strict=True):
            if plans and milliseconds > MOST_MS / 5:
                sys.stdout.write(f"\n## {name}: {milliseconds:.1f} ms\n{statement}\n{plan}\n")
    return found


def measure(*, quick: bool, entries: int = 1_000_000, plans: bool = False) -> Report:
    """All pages at a million entries (50,000 when quick)."""
    count = min(entries, 50_000) if quick else entries
    with scratch_database() as engine:
        seconds = fill(engine, count)
        rows = measure_pages(engine, plans=plans)
    return Report(
        name="lists",
        purpose=f"App Home and the list pages with {count:,} entries.",
        figures=[
            Figures(
                "Milliseconds inside PostgreSQL",
                ("Page", "statements", "all", "slowest"),
                [(name, str(asked), f"{al:.1f}", f"{one:.1f}") for name, asked, al, one in rows],
                f"EXPLAIN ANALYZE, planning included, the fastest of {RUNS} runs of each "
                f"statement. Filled in {seconds:.0f} s.",
            )
        ],
        targets=[Target(name, MOST_MS, al, "ms") for name, _, al, _ in rows],
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
