"""Pains in ten languages against the sample requests: `python -m benchmarks.languages [MODEL]`.

Sixty made-up pains (`languages_pains.jsonl`), forty of which some English request of `data/sample`
means and twenty none. The path is the product's own: language, search, the calibrated judge, route.
MODEL is `e5` (default), the sandbox's model for other languages, or `minilm`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from benchmarks.corpus import fill, scratch_database
from include.matching.embed import embedding_text
from include.matching.judge import CalibratedJudge
from include.matching.language import language_of
from include.matching.route import route
from include.matching.types import Route, Thresholds
from include.store.search import find_candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.matching.types import Embedder

PAINS = Path(__file__).with_name("languages_pains.jsonl")
REQUESTS = Path(__file__).parents[1] / "data" / "sample" / "requests.jsonl"


def measure(embedder: Embedder) -> tuple[Counter[str], list[str]]:
    """Counts by what happened, and a line for each pain that went wrong."""
    pains = _rows(PAINS)
    requests = [(row["title"], row.get("description", "")) for row in _rows(REQUESTS)]
    judge, counts, wrong = CalibratedJudge(embedder.model), Counter[str](), []
    with scratch_database() as engine:
        texts = [embedding_text(*one) for one in requests]
        fill(engine, requests, embedder.embed(texts), embedder.model)
        vectors = embedder.embed([row["pain"] for row in pains])
        with Session(engine) as session:
            for row, vector in zip(pains, vectors, strict=True):
                found = find_candidates(
                    session, pain=row["pain"], vector=vector, model=embedder.model
                )
                verdicts = judge.judge(row["pain"], found)
                routed = route(verdicts, {one.request_id: one for one in found}, Thresholds(1))
                titles = {one.request_id: one.title for one in found}
                best = titles.get(routed.best.request_id) if routed.best else None
                way = routed.route if routed.route is not Route.CREATE else "created"
                right = best == row["request"] if routed.route is not Route.CREATE else None
                kind = "known" if row["request"] else "unrelated"
                place = (
                    [one.title for one in found].index(row["request"]) + 1
                    if (row["request"] in titles.values())
                    else 0
                )
                counts[
                    f"{kind} {way} {'' if right is None else 'right' if right else 'wrong'}"
                ] += 1
                counts["language told"] += language_of(row["pain"]) == row["language"]
                if (routed.route is Route.CREATE) == (kind == "known") or right is False:
                    sure = verdicts[0].confidence if verdicts else 0.0
                    wrong.append(
                        f"{row['language']} {kind} {way} {sure:.2f} place {place}: "
                        f"{row['pain'][:60]} -> {best or (found and found[0].title)}"
                    )
    return counts, wrong


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures."""
    name = (list(sys.argv[1:] if arguments is None else arguments) or ["e5"])[0]
    if name == "minilm":
        from sandbox.minilm import load as load_minilm

        counts, wrong = measure(load_minilm())
    else:
        from sandbox.e5 import load

        counts, wrong = measure(load())
    for what, count in sorted(counts.items()):
        sys.stdout.write(f"{count:4} {what}\n")
    sys.stdout.write("".join(f"  {line}\n" for line in wrong))
    return 0


if __name__ == "__main__":
    sys.exit(main())
