"""What the agents' client adds to a call of a language model.

Each round makes the same judge request twice: once with the bare ``openai`` client, once through
``agent.ask`` with the ledger in a real database. The scripted server answers both, so the
difference is what hiding personal data, fencing, the ledger and checking the answer cost. The last
row is a repeat, which calls nobody.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
from openai import DefaultHttpxClient, OpenAI
from sqlalchemy.orm import Session

from benchmarks.corpus import scratch_database
from benchmarks.report import Figures, Report, Target, percentile
from benchmarks.stand import BenchmarkError
from include.agents.client import ModelAgent
from include.agents.config import parse_config
from include.agents.judge import ask_judge
from include.clients.model_ledger import StoreLedger
from include.matching.types import Candidate
from sandbox.chat_server import MODEL_NAME
from sandbox.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.agents.config import ModelConfig
    from include.store.session import SessionScope

ROUNDS, QUICK = 100, 10
LIMIT_SECONDS = 0.05
START_SECONDS = 30.0
SHORT = "The export stops after a thousand rows and nobody is told, call me at +1 415-555-2671."


def measure(*, quick: bool) -> Report:
    """Milliseconds of both ways, for a short and for the longest pain."""
    rounds = QUICK if quick else ROUNDS
    pains = {"100 characters": SHORT, "10,000 characters": (SHORT + " ") * 120}
    rows, added = [], []
    with scratch_database() as engine, _server() as url:

        @contextmanager
        def scope() -> Iterator[Session]:
            with Session(engine) as session, session.begin():
                yield session

        config = parse_config(f"{url}/v1", "key", {"model": MODEL_NAME})
        for name, pain in pains.items():
            bare, ours, repeats = _rounds(config, scope, url, pain[:10_000], rounds)
            difference = [b - a for a, b in zip(bare, ours, strict=True)]
            added.append(percentile(difference, 50))
            rows += [
                _row(f"{name}, bare client", bare),
                _row(f"{name}, agent", ours),
                _row(f"{name}, what the agent adds", difference),
                _row(f"{name}, a repeat", repeats),
            ]
    return Report(
        name="agents",
        purpose=f"A judge call with ten candidates, {rounds} rounds, bare and through the client.",
        figures=[Figures("Milliseconds of a call", ("call", "p50", "p95", "longest"), rows)],
        targets=[
            Target("added to a call (p50), 100 characters", LIMIT_SECONDS, added[0]),
            Target("added to a call (p50), 10,000 characters", LIMIT_SECONDS, added[1]),
        ],
    )


def _rounds(
    config: ModelConfig, scope: SessionScope, url: str, pain: str, rounds: int
) -> tuple[list[float], list[float], list[float]]:
    ledger = StoreLedger(scope, Decimal(1000))
    agent = ModelAgent(config, ledger)
    candidates = [
        Candidate(n, f"r{n}", f"Export of table {n} stops early", "It says nothing. " * 20)
        for n in range(10)
    ]

    def ask(key: str) -> float:
        return _timed(lambda: ask_judge(agent, pain, candidates, key=key))

    prefix = f"{len(pain)}:{time.time_ns()}"
    ask(f"{prefix}:warm")
    body = httpx.get(f"{url}/sandbox/requests").json()[-1]
    bare, ours, repeats = [], [], []
    for number in range(rounds):
        key = f"{prefix}:{number}"
        if number % 2:
            bare.append(_timed(lambda: _bare(config, body)))
            ours.append(ask(key))
        else:
            ours.append(ask(key))
            bare.append(_timed(lambda: _bare(config, body)))
        repeats.append(ask(key))
    return bare, ours, repeats


def _bare(config: ModelConfig, body: dict[str, Any]) -> None:
    with (
        DefaultHttpxClient(verify=False) as http,
        OpenAI(base_url=config.base_url, api_key="key", http_client=http) as client,
    ):
        answer = client.chat.completions.create(**body)
    json.loads(answer.choices[0].message.content)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _row(name: str, values: list[float]) -> tuple[str, str, str, str]:
    shown = (percentile(values, 50), percentile(values, 95), max(values))
    return (name, *(f"{1000 * value:.1f}" for value in shown))


@contextmanager
def _server() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.chat_server", "--port", str(port)], cwd=ROOT
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(url):
            if time.monotonic() > deadline or process.poll() is not None:
                raise BenchmarkError("the scripted chat server did not start")
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False
