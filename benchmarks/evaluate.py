"""Measures matching on labelled folders: `python -m benchmarks.evaluate FOLDER [FOLDER...]`.

The path is the product's own: PostgreSQL with pgvector (embedded), `find_candidates`, the
calibrated judge, `route` at the default thresholds. Embeddings come from EMBEDDINGS_BASE_URL
(EMBEDDINGS_API_KEY, EMBEDDINGS_MODEL) or, without it, from all-MiniLM-L6-v2 in this process.
`--words-only` measures the degraded state in which the embeddings are down.

With a language model (AIRFLOW_CONN_GTM_FEEDBACK_LLM) its judge is measured beside the matcher
without a model, with tokens and money. It is asked once about each entry; the answers are kept
beside the report, which is a page with plots in `--out` (below `.sandbox`, outside of git).
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpus import chosen_embedder, embed_all, fill, scratch_database
from benchmarks.labelled import BadData, read_pairs
from benchmarks.metrics import FIGURES, Outcome, auc, interval, reliability
from benchmarks.model_judge import ask_all, configured_agent, heard
from benchmarks.model_report import (
    DEFAULT_FOLDER,
    Measured,
    curve_lines,
    money_lines,
    write,
)
from benchmarks.retrieval import Retrieved, retrieve
from include.agents.judge import judge_task
from include.base.errors import FatalError
from include.matching.judge import CalibratedJudge
from include.matching.route import route
from include.matching.types import Thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from include.agents.client import ModelAgent
    from include.matching.types import Embedder

WITHOUT = "without a model"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of each folder, and of all together; 2 when a folder cannot be read."""
    parser = argparse.ArgumentParser(description="Measure matching on labelled folders.")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--words-only", action="store_true", help="as if the embeddings were down")
    parser.add_argument("--attach", type=float, default=Thresholds(0).attach)
    parser.add_argument("--ask", type=float, default=Thresholds(0).ask)
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER, help="folder of the report")
    parser.add_argument("--answers", type=Path, help="default: answers.jsonl beside the report")
    parser.add_argument("--budget", type=float, default=5.0, help="US dollars a model may cost")
    parser.add_argument("--no-model", action="store_true", help="leave the language model out")
    options = parser.parse_args(arguments)
    try:
        thresholds = Thresholds(0, attach=options.attach, ask=options.ask)
        agent = None
        if not (options.no_model or options.words_only):
            answers = options.answers or options.out / "answers.jsonl"
            agent = configured_agent(answers, options.budget)
        _measure(options.folders, thresholds, agent, options.out, words_only=options.words_only)
    except (BadData, FatalError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _measure(
    folders: Sequence[Path],
    thresholds: Thresholds,
    agent: ModelAgent | None,
    out: Path,
    *,
    words_only: bool,
) -> None:
    for folder in folders:
        if not (folder / "pairs.jsonl").exists() and not (folder / "requests.jsonl").exists():
            raise BadData(f"{folder} holds neither requests.jsonl nor pairs.jsonl.")
    embedder = chosen_embedder()
    _say(f"model {embedder.model}; attach {thresholds.attach:.2f}, ask {thresholds.ask:.2f}")
    if agent is not None:
        _say(
            f"language model {agent.model_for(judge_task())}, prompt {judge_task().prompt_version}"
        )
    sets: list[tuple[str, list[Measured]]] = []
    with scratch_database() as engine:
        for folder in folders:
            if (folder / "requests.jsonl").exists():
                found = retrieve(engine, embedder, folder, words_only=words_only)
                outcomes = judged(found, embedder.model, thresholds, degraded=words_only)
                matchers = [Measured(WITHOUT, outcomes)]
                if agent is not None:
                    asked = ask_all(agent, found)
                    told = heard(found, asked, embedder.model, thresholds)
                    matchers.append(Measured(agent.model_for(judge_task()) or "", told, asked))
                sets.append((folder.resolve().name, matchers))
                _print_set(*sets[-1])
            if (folder / "pairs.jsonl").exists():
                _print_pairs(engine, embedder, folder)
    if len(sets) > 1:
        sets.append(("all together", _together([matchers for _, matchers in sets])))
        _print_set(*sets[-1])
    if sets:
        report = write(out, sets, f"Matching with {embedder.model}")
        _say(f"\nreport with plots: {report}")


def _together(sets: Sequence[Sequence[Measured]]) -> list[Measured]:
    return [
        Measured(
            same[0].name,
            [row for one in same for row in one.outcomes],
            [row for one in same for row in one.asked],
        )
        for same in zip(*sets, strict=True)
    ]


def _print_set(name: str, matchers: Sequence[Measured]) -> None:
    for one in matchers:
        title = name if one.name == WITHOUT else f"{name}, judged by {one.name}"
        _print_outcomes(title, one.outcomes)
        for line in [*curve_lines(one.outcomes), *money_lines(one.asked)]:
            _say(line)


def judged(
    found: Sequence[Retrieved], model: str, thresholds: Thresholds, *, degraded: bool = False
) -> list[Outcome]:
    """Judge and route each entry; ranks are those of the judge's order."""
    judge = CalibratedJudge(model)
    outcomes = []
    for row in found:
        by_id = {candidate.request_id: candidate for candidate in row.candidates}
        confidences = judge.confidences(row.text, row.candidates)
        order = sorted(range(len(confidences)), key=lambda place: -confidences[place])
        decision = route(
            judge.judge(row.text, row.candidates), by_id, thresholds, degraded=degraded
        )
        right = [row.candidates[place].request_id in row.gold for place in order]
        outcomes.append(
            Outcome(
                known=row.known,
                rank=right.index(True) + 1 if True in right else None,
                confidence=confidences[order[0]] if order else 0.0,
                right=bool(right) and right[0],
                route=decision.route,
            )
        )
    return outcomes


def _print_outcomes(name: str, outcomes: Sequence[Outcome]) -> None:
    new = sum(not row.known for row in outcomes)
    attached = sum(row.route == "attach" for row in outcomes)
    wrong = sum(row.wrongly_attached for row in outcomes)
    _say(f"\n{name}: {len(outcomes)} entries, {new} new; attached {attached}, {wrong} wrongly")
    for label, figure in FIGURES.items():
        low, high = interval(figure, outcomes)
        _say(f"  {label:<45}{_number(figure(outcomes))}   [{_number(low)}, {_number(high)}]")
    _say(f"  {'confidence':<16}{'entries':>8}{'right':>8}{'known':>8}")
    for label, count, right, known in reliability(outcomes):
        _say(f"  {label:<16}{count:>8}{_number(right):>8}{_number(known):>8}")


def _print_pairs(engine: Engine, embedder: Embedder, folder: Path) -> None:
    """Pairs: every title is a request; a pair's score is what the judge says of it."""
    pairs = read_pairs(folder)
    titles = sorted({pair.title for pair in pairs})
    ids = fill(
        engine, [(title, "") for title in titles], embed_all(embedder, titles), embedder.model
    ).ids
    by_title = dict(zip(titles, ids, strict=True))
    vectors = embed_all(embedder, [pair.text for pair in pairs])
    judge = CalibratedJudge(embedder.model)
    scores, cosines = [], []
    from sqlalchemy.orm import Session

    from include.store.search import find_candidates

    with Session(engine) as session:
        for pair, vector in zip(pairs, vectors, strict=True):
            candidates = find_candidates(
                session, pain=pair.text, vector=vector, model=embedder.model, limit=50
            )
            session.rollback()
            places = [candidate.request_id for candidate in candidates]
            wanted = by_title[pair.title]
            place = places.index(wanted) if wanted in places else None
            judgements = judge.confidences(pair.text, candidates)
            scores.append(0.0 if place is None else judgements[place])
            cosines.append(0.0 if place is None else candidates[place].cosine or 0.0)
    labels = [pair.same for pair in pairs]
    taken = [same for same, score in zip(labels, scores, strict=True) if score >= 0.9]
    _say(f"\n{folder.resolve().name}: {len(pairs)} pairs, {sum(labels)} of them the same")
    _say(f"  area under same/different, confidence        {_number(auc(scores, labels))}")
    _say(f"  area under same/different, cosine            {_number(auc(cosines, labels))}")
    _say(f"  pairs at 0.90 or above: {len(taken)}, of them labelled the same: {sum(taken)}")


def _number(value: float) -> str:
    return "   --" if math.isnan(value) else f"{value:5.3f}" if value < 10 else f"{value:5.1f}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
