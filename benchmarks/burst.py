"""A burst of 1,000 entries: how fast they are stored, decided and answered.

Through the REST route ``/feedback/entries`` (one call each); as ``burst_relay`` through the relay
(``/feedback`` in Slack); as ``burst_runs`` through Airflow's own ``dagRuns`` (one run each). Each
has a sandbox of its own: what follows up on one burst, some three hundred runs of ``new_request``,
keeps Airflow busy for a quarter of an hour.

*Answered* is when the message that says where the entry went, or the question about it, is in
Slack; each of fifty people gets one message about many entries, at most one a second. The
embeddings are the scripted ones (20 ms a call), served over HTTP.

``python -m benchmarks.burst PORT`` serves these.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx

from benchmarks.import_batch import fill_world
from benchmarks.report import Figures, Report, Target, percentile
from benchmarks.stand import BenchmarkError, Stand, poll

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


ENTRIES, QUICK_ENTRIES = 1_000, 200
RATE = 20.0
CLIENTS = 8
WARM = 24
SECONDS = 300.0
SETTLE_SECONDS, IDLE_SECONDS = 240.0, 10.0
PEOPLE = 50
GROWN_TABLES = 12
MAIN_DAG = "process_customer_entry"


@dataclass
class Outcome:
    """Seconds from the first call to each entry's moments, and what was counted."""

    acknowledged: float
    stored: list[float]
    decided: list[float]
    answered: list[float]
    counts: dict[str, int]
    tasks: list[tuple[str, ...]]


@dataclass(frozen=True)
class Call:
    """One HTTP call: where to, its body and headers."""

    path: str
    content: bytes
    headers: dict[str, str]


def by_route(token: str) -> Callable[[str, str, str], Call]:
    """``POST /feedback/entries``."""

    def make(text: str, person: str, key: str) -> Call:
        body = {
            "customer_pain": text,
            "external_id": key,
            "submitter": {"slack_user_id": person, "email": f"{person}@example.com"},
        }
        return Call("/feedback/entries", json.dumps(body).encode(), _json(token))

    return make


def by_runs(token: str) -> Callable[[str, str, str], Call]:
    """One run each, by Airflow's REST API."""

    def make(text: str, person: str, key: str) -> Call:
        conf = {
            "customer_pain": text,
            "source": "api",
            "external_id": key,
            "submitter": {"slack_user_id": person, "email": f"{person}@example.com"},
        }
        body = {"dag_run_id": key, "conf": conf, "logical_date": None}
        path = f"/api/v2/dags/{MAIN_DAG}/dagRuns"
        return Call(path, json.dumps(body).encode(), _json(token))

    return make


def by_relay(secret: str) -> Callable[[str, str, str], Call]:
    """``/feedback`` as Slack sends it."""

    def make(text: str, person: str, key: str) -> Call:
        fields = {
            "command": "/feedback",
            "text": text,
            "user_id": person,
            "user_name": person.lower(),
            "team_id": "T0DEMO",
            "channel_id": "C0FEEDBACK",
            "trigger_id": key,
        }
        raw, stamp = urlencode(fields).encode(), str(int(time.time()))
        digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256)
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": f"v0={digest.hexdigest()}",
        }
        return Call("/slack/events", raw, headers)

    return make


def _json(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


def measure(stand: Stand, name: str, *, quick: bool, say: Callable[[str], None]) -> Report:
    """``burst``, ``burst_relay`` or ``burst_runs``, on a sandbox that nothing else was sent to."""
    count = QUICK_ENTRIES if quick else ENTRIES
    secret = stand.stack.sandbox.keys()["slack_signing_secret"]
    title, make = {
        "burst": ("the REST route", by_route(stand.token)),
        "burst_relay": ("the relay, /feedback", by_relay(secret)),
        "burst_runs": ("Airflow's dagRuns", by_runs(stand.token)),
    }[name]
    with scripted_embeddings(stand):
        from include.store.session import engine

        say("Warming up")
        url = f"{stand.stack.sandbox.slack_url}/sandbox/crowd"
        httpx.post(url, json={"count": PEOPLE}).raise_for_status()
        texts = fill_world(engine(), count + WARM)
        burst(stand, texts[count:], by_route(stand.token), "warm")
        settle(stand)
        say(f"{count} entries through {title}")
        before = _sizes(stand)
        outcome = burst(stand, texts[:count], make, "burst")
        say("Waiting until what follows is done")
        settle(stand)
        growth = _growth(before, _sizes(stand), count)
    moments = {
        "acknowledged": outcome.acknowledged,
        "decided": max(outcome.decided),
        "answered": max(outcome.answered),
    }
    waits = [
        answered - stored for answered, stored in zip(outcome.answered, outcome.stored, strict=True)
    ]
    return Report(
        name=name,
        purpose=f"{count:,} entries at once from {PEOPLE} people, into 1,000 requests, by {title}.",
        figures=[
            Figures(
                "From the first call until the last entry is",
                ("moment", "after", "entries a second"),
                [(one, f"{at:.1f} s", f"{count / at:.0f}") for one, at in moments.items()],
                f"{CLIENTS} clients at once, as fast as they are answered. Answered: the message "
                "that says where it went, or the question about it, is in Slack.",
            ),
            Figures(
                "Seconds from stored to answered",
                ("p50", "p95", "max"),
                [(*(f"{percentile(waits, one):.1f}" for one in (50, 95)), f"{max(waits):.1f}")],
            ),
            Figures(
                "What became of them",
                tuple(outcome.counts),
                [tuple(str(value) for value in outcome.counts.values())],
            ),
            Figures(
                "Tasks of the runs that took them together: seconds from the first call",
                ("run", "task", "queued", "started", "ended"),
                list(outcome.tasks),
            ),
            growth,
        ],
        targets=[Target("seconds for one entry", 1 / RATE, moments["answered"] / count)],
    )


def _sizes(stand: Stand) -> dict[tuple[str, str], int]:
    """Bytes of each table with its indexes, by database and name."""
    return {
        (database, str(name)): int(size)
        for database, connection in (("product", stand.product), ("Airflow", stand.metadata))
        for name, size in connection.execute(_SIZES).fetchall()
    }


def _growth(
    before: dict[tuple[str, str], int], after: dict[tuple[str, str], int], count: int
) -> Figures:
    """Bytes an entry, the tables that grew most and all of each database."""
    grown = {name: (size - before.get(name, 0)) / count for name, size in after.items()}
    most = sorted(grown, key=lambda name: grown[name], reverse=True)[:GROWN_TABLES]
    lines = [(*name, f"{grown[name]:,.0f}") for name in most]
    for database in ("product", "Airflow"):
        whole = sum(size for (where, _), size in grown.items() if where == database)
        lines.append((database, "all tables", f"{whole:,.0f}"))
    return Figures(
        "Growth in bytes an entry, indexes and dead rows among them",
        ("database", "table", "bytes an entry"),
        lines,
        "Until what follows (a run of new_request for each created one) is done or four minutes "
        "are over.",
    )


def burst(
    stand: Stand, texts: list[str], make: Callable[[str, str, str], Call], prefix: str
) -> Outcome:
    """Send all, wait until each is answered; what was counted."""
    calls = [
        make(text, f"U0P{number % PEOPLE + 1:04d}", f"{prefix}-{number}")
        for number, text in enumerate(texts)
    ]
    newest = stand.product.execute("SELECT coalesce(max(id), 0) FROM entries").fetchone()
    after = int(newest[0]) if newest else 0
    messages = stand.product.execute("SELECT count(*) FROM messages WHERE kind = 'post'").fetchone()
    began = stand.product.execute("SELECT clock_timestamp()").fetchone()
    started = time.monotonic()
    asyncio.run(_send_all(stand.stack.sandbox.airflow_url, calls))
    acknowledged = time.monotonic() - started

    def all_answered() -> bool:
        row = stand.product.execute(_OPEN, {"after": after}).fetchone()
        return row is not None and row[0] == len(texts) and row[1] == 0

    poll(all_answered, SECONDS, f"{prefix}: not all answered in {SECONDS:.0f} s", pause=3.0)
    found = stand.product.execute(
        _MOMENTS, {"after": after, "began": began[0] if began else None}
    ).fetchall()
    sent = stand.product.execute("SELECT count(*) FROM messages WHERE kind = 'post'").fetchone()
    kinds = [row[3] for row in found]
    tasks = stand.metadata.execute(_TASKS, {"began": began[0] if began else None}).fetchall()
    return Outcome(
        acknowledged=acknowledged,
        stored=[row[0] for row in found],
        decided=[row[1] for row in found],
        answered=[row[2] for row in found],
        counts={
            **{name: kinds.count(name) for name in ("attached", "created", "asked")},
            "runs": len({(row[4], row[5]) for row in found}),
            "messages": int((sent or [0])[0]) - int((messages or [0])[0]),
        },
        tasks=[
            (row[0], row[1], *("" if one is None else f"{one:.1f}" for one in row[2:]))
            for row in tasks
        ],
    )


async def _send_all(url: str, calls: list[Call]) -> None:
    ahead = iter(calls)
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:

        async def work() -> None:
            for call in ahead:
                answer = await client.post(call.path, content=call.content, headers=call.headers)
                if not answer.is_success:
                    raise BenchmarkError(f"{call.path}: {answer.status_code} {answer.text[:300]}")

        workers: list[Awaitable[None]] = [work() for _ in range(CLIENTS)]
        await asyncio.gather(*workers)


def settle(stand: Stand) -> None:
    """Wait, at most four minutes, until Airflow has nothing to do: all ways begin alike."""
    deadline = time.monotonic() + SETTLE_SECONDS
    idle_since = time.monotonic()
    while time.monotonic() < min(deadline, idle_since + IDLE_SECONDS):
        row = stand.metadata.execute(
            "SELECT count(*) FROM task_instance WHERE state IN ('scheduled', 'queued', 'running')"
        ).fetchone()
        if row is None or row[0]:
            idle_since = time.monotonic()
        time.sleep(1)


@contextmanager
def scripted_embeddings(stand: Stand) -> Iterator[None]:
    """Let the product's connection lead to the scripted embeddings."""
    from sandbox.slack.running import free_port

    port = free_port()
    command = [sys.executable, "-m", "benchmarks.burst", str(port)]
    process = subprocess.Popen(command)
    try:

        def up() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
            except httpx.HTTPError:
                return False

        poll(up, 60, "the scripted embeddings did not start", pause=0.1)
        body = {
            "connection_id": "embeddings_api",
            "conn_type": "http",
            "host": "http://127.0.0.1",
            "port": port,
            "password": "scripted",
            "extra": json.dumps({"model": "all-MiniLM-L6-v2", "dimensions": 384}),
        }
        stand.call("PATCH", "/connections/embeddings_api", body)
        yield
    finally:
        process.terminate()
        process.wait(30)


_TASKS = """
    SELECT run_id, task_id || CASE WHEN map_index < 0 THEN '' ELSE ' ' || map_index END,
           extract(epoch FROM queued_dttm - %(began)s)::float8,
           extract(epoch FROM start_date - %(began)s)::float8,
           extract(epoch FROM end_date - %(began)s)::float8
      FROM task_instance
     WHERE dag_id = 'drain_backlog' AND queued_dttm > %(began)s
       AND task_id NOT LIKE 'ask_people%%'
     ORDER BY start_date, task_id
"""

_SIZES = """
    SELECT relname, pg_total_relation_size(oid) FROM pg_class
     WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
"""

_ANSWER = """
    LEFT JOIN messages told ON told.id = e.told_in
    LEFT JOIN LATERAL (
        SELECT min(m.sent_at) AS sent_at FROM messages m
         WHERE m.entry_id = e.id AND m.purpose IN ('attached', 'created', 'question')
    ) own ON true
    LEFT JOIN LATERAL (
        SELECT min(m.sent_at) AS sent_at FROM hooks h JOIN messages m ON m.hook_id = h.id
         WHERE h.dag_id = e.dag_id AND h.run_id = e.run_id AND h.question ? 'entries'
           AND h.question -> 'entries' @> jsonb_build_array(jsonb_build_array(e.id))
    ) asked ON e.status = 'waiting'
"""

_OPEN = f"""
    SELECT count(*), count(*) FILTER (WHERE e.status = 'received'
               OR coalesce(told.sent_at, own.sent_at, asked.sent_at) IS NULL)
      FROM entries e {_ANSWER} WHERE e.id > %(after)s
"""

_MOMENTS = f"""
    SELECT extract(epoch FROM e.created_at - %(began)s)::float8,
           extract(epoch FROM d.decided_at - %(began)s)::float8,
           extract(epoch FROM
               coalesce(told.sent_at, own.sent_at, asked.sent_at) - %(began)s)::float8,
           coalesce(e.outcome, 'asked'), e.dag_id, e.run_id
      FROM entries e {_ANSWER}
      JOIN decisions d ON d.entry_id = e.id AND d.step = 'match'
     WHERE e.id > %(after)s ORDER BY e.id
"""


def main(port: int) -> None:
    """Serve the scripted embeddings."""
    import uvicorn

    from benchmarks.scripted import ScriptedEmbedder
    from sandbox.embeddings_server import create_app

    uvicorn.run(create_app(ScriptedEmbedder()), host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    main(int(sys.argv[1]))
