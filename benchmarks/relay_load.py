"""The relay under load: 50 calls a second for a minute, a tenth of them repeats.

The relay serves in a process of its own, as a single uvicorn worker, on a real PostgreSQL. Airflow
is a stand-in that notes which runs it was asked to start, so that what was lost or done twice can
be counted; Slack is away. Times are from the moment a call was due, not from when it was sent, so a
relay that falls behind shows it.

``python -m benchmarks.relay_load relay|airflow PORT`` is what the processes run.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
from sqlalchemy import func, select

from benchmarks.report import Figures, Report, Target, percentile, spread

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 50
SECRET = "benchmark-signing-secret"
START_SECONDS = 60.0
DRAIN_SECONDS = 300.0
REPEAT_EVERY = 10
ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Outcome:
    """What came of one minute: seconds to each acknowledgement, and refusals."""

    waits: list[float] = field(default_factory=list)
    repeats: list[float] = field(default_factory=list)
    refused: int = 0


def reaction(number: int) -> tuple[bytes, str]:
    """An event that starts a run: everybody marks another message."""
    ts = f"1795{number:06d}.000200"
    event = {
        "type": "reaction_added",
        "user": "U0ANN",
        "reaction": "gtm-feedback",
        "item_user": "U0BEN",
        "item": {"type": "message", "channel": "C0FEEDBACK", "ts": ts},
        "event_ts": ts,
    }
    body = {
        "type": "event_callback",
        "team_id": "T0DEMO",
        "event_id": f"Ev{number:08d}",
        "event": event,
        "authorizations": [{"team_id": "T0DEMO", "user_id": "U0GTMBOT", "is_bot": True}],
    }
    return json.dumps(body).encode(), "application/json"


def command(number: int) -> tuple[bytes, str]:
    """A slash command that starts a run."""
    fields = {
        "command": "/feedback",
        "text": f"Report {number} takes minutes to load.",
        "user_id": "U0ANN",
        "user_name": "ann",
        "team_id": "T0DEMO",
        "channel_id": "C0FEEDBACK",
        "trigger_id": f"{number}.1.load",
    }
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def click(number: int) -> tuple[bytes, str]:
    """A click on a card that does not exist any more."""
    body = {
        "type": "block_actions",
        "user": {"id": "U0ANN", "name": "ann"},
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "D0ANN"},
        "trigger_id": f"{number}.2.load",
        "channel": {"id": "D0ANN"},
        "actions": [
            {"action_id": "answer_attach", "value": "x.1.m", "action_ts": f"{number}.000100"}
        ],
    }
    return urlencode({"payload": json.dumps(body)}).encode(), "application/x-www-form-urlencoded"


KINDS = (reaction, command, click)


def signed(raw: bytes, kind: str) -> dict[str, str]:
    """Slack's headers."""
    stamp = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256)
    return {
        "content-type": kind,
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest.hexdigest()}",
    }


async def send_all(url: str, seconds: int, first: int) -> tuple[Outcome, int]:
    """Send at the rate, whatever the relay does; the outcome and how many different calls.

    ``first`` is the number of the first call, so that two rounds are different calls.
    """
    outcome, unique = Outcome(), 0
    calls: list[tuple[bytes, str]] = []
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(timeout=30, limits=limits, trust_env=False) as client:

        async def send(raw: bytes, kind: str, due: float, into: list[float]) -> None:
            try:
                answer = await client.post(url, content=raw, headers=signed(raw, kind))
            except httpx.HTTPError:
                outcome.refused += 1
                return
            into.append(time.monotonic() - due)
            outcome.refused += answer.status_code != 200

        began = time.monotonic()
        tasks = []
        for number in range(RATE * seconds):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if number % REPEAT_EVERY == REPEAT_EVERY - 1:
                raw, kind = calls[-(number % 7) - 1]
                into = outcome.repeats
            else:
                raw, kind = KINDS[unique % len(KINDS)](first + unique)
                unique += 1
                calls.append((raw, kind))
                into = outcome.waits
            tasks.append(asyncio.create_task(send(raw, kind, due, into)))
        await asyncio.gather(*tasks)
    return outcome, unique


def measure(*, quick: bool) -> Report:
    """One minute (ten seconds when quick), after a warm-up."""
    seconds = 10 if quick else 60
    with stand() as (relay, airflow):
        asyncio.run(send_all(f"{relay}/events", 2, 0))
        warm = settle(airflow)
        outcome, unique = asyncio.run(send_all(f"{relay}/events", seconds, 500_000))
        counted = settle(airflow)
        stored = counted["stored"] - warm["stored"]
        started, asked = counted["runs"] - warm["runs"], counted["starts"] - warm["starts"]
    runs_wanted = sum(number % len(KINDS) != 2 for number in range(unique))
    waits = outcome.waits + outcome.repeats
    rows = [
        ("first time", *spread(outcome.waits), f"{percentile(outcome.waits, 99):.3f}"),
        ("repeats", *spread(outcome.repeats), f"{percentile(outcome.repeats, 99):.3f}"),
        ("all", *spread(waits), f"{percentile(waits, 99):.3f}"),
    ]
    counts = [
        ("calls sent, repeats among them", str(RATE * seconds)),
        ("different calls", str(unique)),
        ("not acknowledged with 200", str(outcome.refused)),
        ("stored", str(stored)),
        ("runs wanted", str(runs_wanted)),
        ("runs started", str(started)),
        ("asked of Airflow (more than started: asked twice, started once)", str(asked)),
    ]
    lost = max(0, unique - stored) + max(0, runs_wanted - started) + outcome.refused
    twice = max(0, stored - unique) + max(0, started - runs_wanted)
    return Report(
        name="relay_load",
        purpose=f"{RATE} signed calls of Slack a second for {seconds} s: acknowledged, stored, "
        "acted upon.",
        figures=[
            Figures(
                "Seconds to the acknowledgement",
                ("Calls", "n", "p50", "p95", "min", "max", "p99"),
                rows,
                "From the moment a call was due. The relay is one uvicorn process on PostgreSQL; "
                "Airflow is a stand-in that notes what it is asked, in another process, on the "
                "same machine, as is the sender.",
            ),
            Figures("What became of them", ("Count", ""), counts),
        ],
        targets=[
            Target("acknowledgement, p99", 0.5, percentile(waits, 99)),
            Target("lost", 0, float(lost), "calls"),
            Target("done twice", 0, float(twice), "calls"),
        ],
    )


def settle(airflow: str) -> dict[str, int]:
    """Wait until everything that was taken is done; what there is then."""
    from include.store.models import EventState, SlackEvent
    from include.store.session import session_scope

    deadline = time.monotonic() + DRAIN_SECONDS
    while True:
        with session_scope() as session:
            rows = dict(
                (state, number)
                for state, number in session.execute(
                    select(SlackEvent.state, func.count()).group_by(SlackEvent.state)
                )
            )
        if not rows.get(EventState.RECEIVED) or time.monotonic() > deadline:
            counts = httpx.get(f"{airflow}/counts", trust_env=False).json()
            return {"stored": sum(rows.values()), **counts}
        time.sleep(0.5)


@contextmanager
def stand() -> Iterator[tuple[str, str]]:
    from include.base.connections import get_connection
    from include.store.migrate import upgrade
    from include.store.models import SlackPerson
    from include.store.session import database_url, session_scope
    from sandbox.postgres import ensure_database, start_server, stop_server
    from sandbox.slack.running import free_port

    folder = Path(tempfile.mkdtemp(prefix="gtm-load-"))
    ports = {"relay": free_port(), "airflow": free_port()}
    before = dict(os.environ)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        server = start_server(folder / "data")
        ensure_database(server, "feedback")
        os.environ["AIRFLOW_CONN_FEEDBACK_DB"] = server.uri("feedback")
        slack = {"signing_secret": SECRET, "base_url": "http://127.0.0.1:9/api/"}
        os.environ["AIRFLOW_CONN_SLACK_APP"] = json.dumps({"password": "xoxb-x", "extra": slack})
        api = {"host": "127.0.0.1", "port": ports["airflow"], "login": "a", "password": "b"}
        os.environ["AIRFLOW_CONN_AIRFLOW_API"] = json.dumps(api)
        # One run each, so that they can be counted; benchmarks.burst measures them together.
        os.environ["AIRFLOW_VAR_GTM_FEEDBACK"] = '{"hold_from": 1000000000}'
        upgrade(database_url(get_connection("feedback_db")))
        with session_scope() as session:  # Slack is away and cannot say who it is
            session.add(
                SlackPerson(slack_user_id="U0ANN", kind="person", email="a@example.com", name="Ann")
            )
        for name, port in ports.items():
            command = [sys.executable, "-m", "benchmarks.relay_load", name, str(port)]
            with (folder / f"{name}.log").open("wb") as log:
                processes.append(subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log))
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        for url in urls.values():
            _wait(f"{url}/health")
        yield urls["relay"], urls["airflow"]
    finally:
        for process in processes:
            process.terminate()
            process.wait(30)
        os.environ.clear()
        os.environ.update(before)
        stop_server(folder / "data", mode="immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if time.monotonic() > deadline:
            raise RuntimeError(f"{url} did not answer within {START_SECONDS:.0f} s")
        time.sleep(0.1)


def _airflow() -> Any:
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    runs: set[str] = set()
    starts = 0

    async def token(_request: Any) -> Response:
        return JSONResponse({"access_token": "t"}, 201)

    async def start(request: Any) -> Response:
        nonlocal starts
        starts += 1
        run_id = (await request.json())["dag_run_id"]
        if run_id in runs:
            return JSONResponse({}, 409)
        runs.add(run_id)
        return JSONResponse({"dag_run_id": run_id})

    async def counts(_request: Any) -> Response:
        return JSONResponse({"runs": len(runs), "starts": starts})

    return Starlette(
        routes=[
            Route("/auth/token", token, methods=["POST"]),
            Route("/api/v2/dags/{dag}/dagRuns", start, methods=["POST"]),
            Route("/counts", counts),
            Route("/health", counts),
        ]
    )


def main(which: str, port: int) -> None:
    """Serve the relay, or the stand-in for Airflow."""
    import uvicorn

    from include.relay.asgi import build

    app = build() if which == "relay" else _airflow()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
