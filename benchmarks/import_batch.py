"""Importing many entries in batches, beside the same operations entry by entry.

Both in one process and on databases of the same content, with an embedder that takes 20 ms a call.
Entry by entry is what a run of ``process_customer_entry`` does without Airflow; with Airflow a
machine of two cores finishes about one run in two seconds (``entry_latency``). The decisions are
compared.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.bench_search import make_world
from benchmarks.corpus import fill, scratch_database
from benchmarks.report import Figures, Report, Target
from benchmarks.scripted import MODEL, ScriptedEmbedder
from include.entries.decide import Means, decide, decide_range
from include.entries.store import store
from include.entries.submission import parse_submission
from include.matching.judge import CalibratedJudge
from include.store.models import Decision, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from include.store.session import SessionScope

REQUESTS, ENTRIES, COMPARED = 1_000, 10_000, 400
QUICK_ENTRIES, QUICK_COMPARED = 500, 100
ONE_RUN_RATE = 0.5
"""Entries a second with one Airflow run each, on two cores."""

TIMES = 50
DAG = "benchmark"


def measure(*, quick: bool) -> Report:
    """Entries a second each way, and how many decisions differ."""
    entries, compared = (QUICK_ENTRIES, QUICK_COMPARED) if quick else (ENTRIES, COMPARED)
    os.environ.setdefault("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
    with scratch_database() as engine:
        scope = _scope(engine)
        texts = fill_world(engine, entries)
        alone_rate, alone = _one_by_one(scope, texts[:compared])
        texts = fill_world(engine, entries)
        rate, stored, together, counts = _in_batches(scope, texts)
    pairs = list(zip(alone, together, strict=False))
    differing = sum(one[:2] != other[:2] for one, other in pairs)
    apart = max(abs((one[2] or 0.0) - (other[2] or 0.0)) for one, other in pairs)
    return Report(
        name="import_batch",
        purpose=f"Importing {entries:,} entries into {REQUESTS:,} requests, 20 ms a call.",
        figures=[
            Figures(
                "Rate, one process, without Airflow",
                ("way", "entries", "entries a second"),
                [
                    ("stored (read, checked, written)", f"{entries:,}", f"{stored:.0f}"),
                    ("decided and carried out in batches", f"{entries:,}", f"{rate:.1f}"),
                    ("decided and carried out one by one", f"{compared:,}", f"{alone_rate:.1f}"),
                ],
            ),
            Figures(
                "Decisions",
                ("what", "entries"),
                [
                    *((name, f"{count:,}") for name, count in counts.items()),
                    (f"of the first {compared:,}, decided otherwise one by one", str(differing)),
                    ("most that a confidence differs there", f"{apart:.6f}"),
                ],
            ),
        ],
        targets=[
            Target("an entry in a batch", 1 / (TIMES * ONE_RUN_RATE), 1 / rate),
            Target("decisions that differ", 0, float(differing), unit=""),
        ],
    )


def _scope(engine: Engine) -> SessionScope:
    @contextmanager
    def scope() -> Iterator[Session]:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    return scope


def fill_world(engine: Engine, entries: int) -> list[str]:
    """Fill in the requests; a third of the entries repeat a request, a third an earlier entry."""
    world = make_world(REQUESTS)
    requests = [(title[:110], description) for title, description in world.requests]
    embedder = ScriptedEmbedder(call_seconds=0)
    vectors = embedder.embed([f"{title}\n\n{text}".strip() for title, text in requests])
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE entries, requests RESTART IDENTITY CASCADE")
    fill(engine, requests, vectors, MODEL)
    texts: list[str] = []
    for n in range(entries):
        title, description = requests[(n * 7) % len(requests)]
        words = f"{title} {description}".split()
        if n % 3 == 0:
            texts.append(" ".join(words[: 6 + n % 20]))
        elif n % 3 == 1 and n > 30:
            texts.append(texts[n - 25] + f" {words[n % len(words)]}")
        else:
            own = world.pains[n % len(world.pains)].split()
            texts.append(" ".join([*own[: 8 + n % 9], words[0], f"case{n}"]))
    return texts


def _in_batches(
    scope: SessionScope, texts: list[str]
) -> tuple[float, float, list[Any], dict[str, int]]:
    from include.entries import import_file

    folder = Path(tempfile.mkdtemp(prefix="gtm-import-"))
    path = folder / "entries.jsonl"
    path.write_text("\n".join(json.dumps({"customer_pain": one}) for one in texts), "utf-8")
    started = time.perf_counter()
    with path.open("rb") as file, scope() as session:
        pairs = [
            (line.key, line.submission)
            for line in import_file.read_lines(file, "jsonl", name="entries")
            if line.key and line.submission
        ]
        for start in range(0, len(pairs), 500):
            part = pairs[start : start + 500]
            store(session, part, dag_id=DAG, run_id="b")
    stored = len(pairs) / (time.perf_counter() - started)
    started = time.perf_counter()
    means = Means(ScriptedEmbedder(), CalibratedJudge(MODEL))
    counts = decide_range(scope, 0, 10**9, means, dag_id=DAG, run_id="b", quiet=True)
    rate = len(texts) / (time.perf_counter() - started)
    path.unlink()
    folder.rmdir()
    return rate, stored, _decisions(scope), counts


def _one_by_one(scope: SessionScope, texts: list[str]) -> tuple[float, list[Any]]:
    means = Means(ScriptedEmbedder(), CalibratedJudge(MODEL))
    started = time.perf_counter()
    for n, one in enumerate(texts):
        submission = parse_submission({"customer_pain": one, "source": "import"})
        with scope() as session:
            [stored] = store(session, [(f"one:{n}", submission)], dag_id=DAG, run_id=f"r{n}")
        decide(scope, [stored.entry_id], means, quiet=True)
    return len(texts) / (time.perf_counter() - started), _decisions(scope)


def _decisions(scope: SessionScope) -> list[Any]:
    """Route, request and confidence of each entry, in order."""
    statement = (
        select(Decision.route, Request.slug, Decision.confidence)
        .join(Request, Request.id == Decision.request_id)
        .where(Decision.step == "match")
        .order_by(Decision.entry_id)
    )
    with scope() as session:
        return [
            (row.route, row.slug, None if row.confidence is None else round(row.confidence, 6))
            for row in session.execute(statement)
        ]
