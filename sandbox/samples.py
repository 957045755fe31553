"""Sample areas, accounts, deals and requests: the files that ``make demo`` loads by the DAGs."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from include.requests import indexing
from include.requests.loads.accounts import Accounts, Opportunities
from include.requests.loads.areas import Areas
from include.requests.loads.load import Report, Target, load
from include.requests.loads.requests import Requests
from include.requests.loads.row import R, read_objects
from include.requests.vectors import live_key
from sandbox.environment import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from include.matching.types import Embedder

FOLDER = ROOT / "data" / "sample"
ENTRIES = FOLDER / "entries.jsonl"
AREAS = FOLDER / "areas.jsonl"
ACCOUNTS = FOLDER / "accounts.jsonl"
OPPORTUNITIES = FOLDER / "opportunities.jsonl"
REQUESTS = FOLDER / "requests.jsonl"


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def load_samples(session: Session, embedder: Embedder) -> int:
    """Load them without Airflow, for tests and benchmarks; returns how many requests are new."""
    requests = Requests(by="samples")
    _load(session, Areas(), AREAS)
    _load(session, Accounts(), ACCOUNTS)
    _load(session, Opportunities(), OPPORTUNITIES)
    new = _load(session, requests, REQUESTS).counts["added"]
    first, last = requests.touched
    batch = {"key": live_key(session, embedder.model), "first": first, "last": last}
    indexing.embed_batch(lambda: nullcontext(session), batch, embedder)
    return new


def _load(session: Session, target: Target[R], path: Path) -> Report:
    lines = read_objects(target.kind, read_lines(path))
    return load(lambda: nullcontext(session), target, lines, name=path.name, dry_run=False)
