"""A day's reports for 200 areas over 100,000 requests and a million pieces of feedback.

The rows are made by PostgreSQL itself from hashes of their numbers, the same each time. Measured in
the process: every statement of every area's report and of a digest, by the clock around its
execution and fetch. The plan of each statement for the largest area is looked at: a sequential scan
of a large table is a finding.
"""

from __future__ import annotations

import re
import resource
import time
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from benchmarks.corpus import scratch_database
from benchmarks.report import Figures, Report, Target
from include.insights.digest import make_digest
from include.insights.storage import make_area_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

MODEL = "synthetic"
AREAS = 200
END = datetime(2026, 10, 1, 12, tzinfo=UTC)
LARGE = ("requests", "feedback", "entries", "request_embeddings", "request_status_changes")
LIMIT_ALL, LIMIT_ONE = 60.0, 2.0


def fill(engine: Engine, requests: int, feedback: int) -> None:
    """Make the world: two years, requests in one or two areas, and areas of unequal size."""
    parameters = {
        "requests": requests,
        "feedback": feedback,
        "areas": AREAS,
        "accounts": max(100, requests // 5),
        "end": END,
    }
    with engine.begin() as connection:
        # Neither foreign keys nor history triggers: the rows are made whole.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DROP INDEX ix_request_embeddings_hnsw"))
        connection.execute(text("DROP INDEX ix_requests_search"))
        for statement in _FILL:
            connection.execute(text(statement), parameters)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


# hashint4extended gives 64 bits; their share of the range is a number from 0 to 1.
_R = "((hashint8extended({0}, {1}) & 1048575) / 1048576.0)"
_AREA = f"floor(:areas * power({_R.format('n', 3)}, 1.4))::int + 1"
_FILL = (
    """INSERT INTO areas (slug, name)
        SELECT 'area-' || n, 'Area ' || n FROM generate_series(1, :areas) n""",
    f"""INSERT INTO accounts (id, name, arr, region, is_enterprise)
        SELECT 'A' || n, 'Account ' || n,
               CASE WHEN n % 50 > 0 THEN (exp(9 + 4 * {_R.format("n", 1)}))::numeric(14,2) END,
               (ARRAY['EMEA', 'AMER', 'APAC', NULL])[1 + n % 4], n % 5 < 2
          FROM generate_series(1, :accounts) n""",
    f"""INSERT INTO requests (slug, title, description, status, created_at)
        SELECT 'r-' || n, 'Request number ' || n, 'What it is about', 'open',
               :end - interval '730 days' * {_R.format("n", 2)}
          FROM generate_series(1, :requests) n""",
    f"""INSERT INTO request_areas (request_id, area_id)
        SELECT n, {_AREA} FROM generate_series(1, :requests) n
        UNION SELECT n, {_AREA.replace(", 3)", ", 4)")} FROM generate_series(1, :requests, 3) n""",
    """INSERT INTO request_status_changes (request_id, status, changed_by, changed_at)
        SELECT id, 'open', 'b', created_at FROM requests""",
    f"""INSERT INTO request_status_changes (request_id, status, changed_by, changed_at)
        SELECT n, CASE WHEN n % 9 = 0 THEN 'deprioritized' ELSE 'shipped' END, 'b',
               created_at + (:end + interval '60 days' - created_at) * {_R.format("n", 5)}
          FROM (SELECT id AS n, created_at FROM requests WHERE id % 3 = 0) r""",
    """INSERT INTO entries (idempotency_key, source, customer_pain, severity, status, outcome,
                             dag_id, run_id, account_known, opportunity_known)
        SELECT 'b' || n, 'import',
               'It takes us an hour every day. Please help. Case ' || n || '.', 'low', 'done',
               'attached', 'd', 'r', true, true
          FROM generate_series(1, :feedback) n""",
    f"""INSERT INTO feedback (request_id, entry_id, quote_length, severity, account_id, match_type,
                              created_at, removed_at)
        SELECT r.id, n, 30,
               (ARRAY['low', 'medium', 'high'])[1 + floor(3 * {_R.format("n", 6)})::int],
               CASE WHEN n % 12 = 0 THEN NULL
                    ELSE 'A' || 1 + floor(:accounts * {_R.format("n", 7)})::int END, 'b',
               r.created_at + (:end + interval '30 days' - r.created_at) * {_R.format("n", 8)},
               CASE WHEN n % 40 = 0 THEN :end - interval '20 days' END
          FROM generate_series(1, :feedback) n
          JOIN requests r ON r.id = 1 + floor(:requests * power({_R.format("n", 9)}, 2))::int""",
    f"""INSERT INTO account_revisions (account_id, arr, region, is_enterprise, valid_until)
        SELECT 'A' || n, 1000 * (n % 90), 'EMEA', true,
               :end - interval '300 days' * {_R.format("n", 10)}
          FROM generate_series(1, :accounts, 4) n""",
    f"""INSERT INTO feedback_revisions (feedback_id, request_id, severity, account_id, valid_until)
        SELECT id, request_id, severity, account_id,
               :end - interval '80 days' + interval '100 days' * {_R.format("id", 11)}
          FROM feedback WHERE id % 100 = 0""",
    f"""CREATE TEMP TABLE directions AS
        SELECT k, (SELECT array_agg({_R.format("k * 1000 + d", 12)} - 0.5 ORDER BY d)
                     FROM generate_series(1, 384) d)::vector(384) AS v
          FROM generate_series(0, 4095) k""",
    """INSERT INTO request_embeddings (request_id, model, dimensions, content_hash, embedding)
        SELECT n, 'synthetic', 384, 'h', c.v + o.v
          FROM generate_series(1, :requests) n
          JOIN directions c ON c.k = n % 997 JOIN directions o ON o.k = 1000 + n % 3001""",
    "DROP TABLE directions",
)


class Clock:
    """Seconds inside the database, by statement."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = defaultdict(list)
        self.statements: dict[str, tuple[str, Any]] = {}

    @property
    def total(self) -> float:
        """Seconds of all statements."""
        return sum(sum(values) for values in self.spent.values())

    @property
    def slowest(self) -> float:
        """Seconds of the slowest statement."""
        return max((max(values) for values in self.spent.values()), default=0.0)


@contextmanager
def clocked(engine: Engine) -> Iterator[Clock]:
    """Measure every statement on the engine until the block ends."""
    clock = Clock()
    started: list[float] = []

    def before(*_: Any) -> None:
        started.append(time.perf_counter())

    def after(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        name = _name(statement)
        clock.spent[name].append(time.perf_counter() - started.pop())
        clock.statements[name] = (statement, parameters)

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        yield clock
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)


def _name(statement: str) -> str:
    """What a statement is, for a table: its last SELECT's columns, shortened."""
    flat = " ".join(statement.split())
    tail = flat[flat.rfind(") SELECT") + 2 :] if ") SELECT" in flat else flat
    return tail[:60]


def large_scans(engine: Engine, clock: Clock) -> list[str]:
    """Sequential scans of large tables in the plans of the clock's statements."""
    found = set()
    with engine.connect() as connection:
        cursor = connection.connection.driver_connection.cursor()
        for name, (statement, parameters) in clock.statements.items():
            if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
                continue
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            for table in re.findall(r"Seq Scan on (\w+)", plan):
                if table in LARGE:
                    found.add(f"{table}: {name}")
        connection.rollback()
    return sorted(found)


def measure(*, quick: bool) -> Report:
    """Fill a database of its own and make one day's reports and a digest."""
    requests, feedback = (10_000, 100_000) if quick else (100_000, 1_000_000)
    with scratch_database() as engine:
        loading = time.monotonic()
        fill(engine, requests, feedback)
        loading = time.monotonic() - loading
        with engine.connect() as connection:
            sizes = connection.execute(
                text(
                    "SELECT a.slug, count(*) FROM request_areas x JOIN areas a ON a.id = x.area_id "
                    "GROUP BY 1 ORDER BY 2"
                )
            ).all()
        as_of = END - timedelta(days=7)
        before = _peak()
        slugs = [slug for slug, _ in sizes]
        _report(engine, slugs[0], as_of)  # connects, and imports what is imported once
        small = _peak()
        with clocked(engine) as clock:
            wall = time.monotonic()
            for slug in slugs:
                _report(engine, slug, as_of)
            wall = time.monotonic() - wall
        large = _peak()
        scans = large_scans(engine, clock)
        with clocked(engine) as weekly, Session(engine) as session:
            make_digest(session, as_of)
        scans += large_scans(engine, weekly)
    return Report(
        name="insights",
        purpose="One day's reports of all areas and a digest: time in the database.",
        figures=[
            _totals(locals()),
            _by_statement("Area reports, by statement", clock),
            _by_statement("Digest, by statement", weekly),
            Figures(
                "Sequential scans of large tables", ("table: statement",), [(s,) for s in scans]
            ),
        ],
        targets=[
            Target("Reports of all areas, time in the database", LIMIT_ALL, clock.total),
            Target("Slowest statement of a report", LIMIT_ONE, clock.slowest),
            Target("Slowest statement of a digest", LIMIT_ONE, weekly.slowest),
        ],
    )


def _report(engine: Engine, slug: str, as_of: datetime) -> None:
    with Session(engine) as session, session.begin():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        make_area_report(session, slug, as_of, model=MODEL)


def _peak() -> float:
    """The most memory this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _totals(facts: dict[str, Any]) -> Figures:
    sizes, clock = facts["sizes"], facts["clock"]
    return Figures(
        "Reports",
        ("what", "value"),
        [
            ("requests", f"{facts['requests']:,}"),
            ("feedback", f"{facts['feedback']:,}"),
            ("areas", f"{AREAS}"),
            ("requests of the smallest and the largest area", f"{sizes[0][1]:,}, {sizes[-1][1]:,}"),
            ("loading", f"{facts['loading']:.0f} s"),
            ("reports of all areas, one after the other", f"{facts['wall']:.1f} s"),
            ("of it in the database", f"{clock.total:.1f} s"),
            ("slowest statement", f"{clock.slowest:.3f} s"),
            ("a digest, in the database", f"{facts['weekly'].total:.2f} s"),
            ("peak memory before", f"{facts['before']:.0f} MiB"),
            ("after the smallest area", f"{facts['small']:.0f} MiB"),
            ("after all areas", f"{facts['large']:.0f} MiB"),
        ],
    )


def _by_statement(title: str, clock: Clock) -> Figures:
    ranked = sorted(clock.spent.items(), key=lambda pair: -sum(pair[1]))
    return Figures(
        title,
        ("statement", "calls", "total s", "slowest s"),
        [
            (name, f"{len(values):,}", f"{sum(values):.2f}", f"{max(values):.3f}")
            for name, values in ranked
            if sum(values) >= 0.005
        ],
    )
