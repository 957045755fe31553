"""Measures entries as a product manager would route them: `python -m benchmarks.product_manager`.

Thirty realistic entries of ten made-up domains go the product's own way, without a language model:
set aside, taken apart by form, searched, judged and routed in a throw-away database that holds
the requests of all domains. Each entry says which routes are right; one attached to another
request than its own is wrong in any case.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from benchmarks.corpus import chosen_embedder, embed_all, fill, scratch_database
from include.agents.forms import pains_by_form
from include.agents.noise import noise_reason
from include.matching.embed import embedding_text
from include.matching.judge import CalibratedJudge
from include.matching.route import route
from include.matching.types import Route, Thresholds
from include.store.search import find_candidates

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.matching.types import Embedder

DATA = Path(__file__).parent / "data" / "product_manager.json"
WANTED_RIGHT = 24


@dataclass(frozen=True)
class Routed:
    """One entry: where it went and whether that is right."""

    text: str
    route: str
    request: str | None
    is_right: bool
    is_wrongly_attached: bool


def main() -> int:
    """Print each entry and the counts; 1 when too few are right, or one is attached wrongly."""
    with scratch_database() as engine:
        found = measure(engine, chosen_embedder(), json.loads(DATA.read_text("utf-8")))
    for one in found:
        mark = "ok   " if one.is_right else "WRONG"
        sys.stdout.write(f"{mark} {one.route:10} {one.request or '-':50.50} {one.text[:70]!r}\n")
    right = sum(one.is_right for one in found)
    attached = sum(one.is_wrongly_attached for one in found)
    counts = Counter(one.route for one in found)
    sys.stdout.write(
        f"{right} of {len(found)} right, {attached} attached wrongly; {dict(counts)}\n"
    )
    return 0 if right >= WANTED_RIGHT and not attached else 1


def measure(engine: Engine, embedder: Embedder, domains: list[dict[str, Any]]) -> list[Routed]:
    """Where each entry goes among the requests of all domains."""
    titles = [title for domain in domains for title in domain["requests"]]
    vectors = embed_all(embedder, [embedding_text(title, "") for title in titles])
    ids = fill(engine, [(title, "") for title in titles], vectors, embedder.model).ids
    names = dict(zip(ids, titles, strict=True))
    judge = CalibratedJudge(embedder.model)
    entries = [entry for domain in domains for entry in domain["entries"]]
    return [_routed(engine, embedder, judge, entry, names) for entry in entries]


def _routed(
    engine: Engine,
    embedder: Embedder,
    judge: CalibratedJudge,
    entry: dict[str, Any],
    names: dict[int, str],
) -> Routed:
    text = entry["text"]
    if noise_reason(text) is not None:
        return Routed(text, "set_aside", None, "set_aside" in entry["right"], False)
    parts = pains_by_form(text)
    if parts is not None:
        is_right = "split" in entry["right"] and len(parts) == entry.get("parts")
        return Routed(text, "split", f"{len(parts)} parts", is_right, False)
    [vector] = embed_all(embedder, [text])
    with Session(engine) as session:
        candidates = find_candidates(session, pain=text, vector=vector, model=embedder.model)
    by_id = {candidate.request_id: candidate for candidate in candidates}
    routed = route(judge.judge(text, candidates), by_id, Thresholds(0))
    best = names.get(routed.best.request_id) if routed.best is not None else None
    fits = routed.route is Route.CREATE or best == entry.get("request")
    return Routed(
        text,
        routed.route.value,
        best,
        routed.route.value in entry["right"] and fits,
        routed.route is Route.ATTACH
        and not ("attach" in entry["right"] and best == entry.get("request")),
    )


if __name__ == "__main__":
    sys.exit(main())
