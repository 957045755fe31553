"""Fits a model's calibration as judge: `python -m benchmarks.fit_judge FOLDER [FOLDER...]`.

The model is that of AIRFLOW_CONN_GTM_FEEDBACK_LLM. It is asked about every labelled entry, once:
the answers are kept (`--answers`), and what was asked before costs nothing. Prints how fits on
other folders and other entries do on what they have not seen, and writes
`include/matching/calibrations/judges/<model>--<prompt version>.json` (or `--out`). Only numbers
are kept there, no text.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpus import chosen_embedder, scratch_database
from benchmarks.fit_calibration import VECTOR_SCALE, fit, prepared, print_held_out
from benchmarks.labelled import BadData
from benchmarks.model_judge import ask_all, configured_agent, feature_rows
from benchmarks.model_report import DEFAULT_FOLDER
from benchmarks.retrieval import retrieve
from include.agents.judge import judge_task
from include.matching.heard import JUDGE_FEATURES, judge_file, parse_judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.fit_calibration import Fitted
    from benchmarks.model_judge import Asked
    from benchmarks.retrieval import Retrieved

LEAST_ANSWERED = 0.95


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, fit, print held-out figures, write the file; 2 when it cannot be done."""
    parser = argparse.ArgumentParser(description="Fit the calibration of a model as judge.")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="default: the file the judge reads")
    parser.add_argument("--answers", type=Path, default=DEFAULT_FOLDER / "answers.jsonl")
    parser.add_argument("--budget", type=float, default=5.0, help="US dollars for this run")
    options = parser.parse_args(arguments)
    agent = configured_agent(options.answers, options.budget)
    if agent is None:
        sys.stderr.write("Set AIRFLOW_CONN_GTM_FEEDBACK_LLM; see docs/agents.md.\n")
        return 2
    embedder = chosen_embedder()
    sets = []
    try:
        with scratch_database() as engine:
            for folder in options.folders:
                found = retrieve(engine, embedder, folder)
                asked = ask_all(agent, found)
                answered = sum(one.verdict is not None for one in asked)
                sys.stdout.write(f"{folder.name}: {answered} of {len(found)} answered\n")
                if answered < LEAST_ANSWERED * len(found):
                    sys.stderr.write("Too few answers for a fit; see the log above.\n")
                    return 2
                sets.append(_prepared(found, asked, embedder.model))
    except BadData as error:
        sys.stderr.write(f"{error}\n")
        return 2
    names = [folder.resolve().name for folder in options.folders]
    print_held_out(names, sets, JUDGE_FEATURES)
    model, version = agent.model_for(judge_task()) or "", judge_task().prompt_version
    content = {
        "model": model,
        "prompt_version": version,
        "embedding_model": embedder.model,
        "fitted_on": {name: len(rows) for name, rows in zip(names, sets, strict=True)},
        "judge": fit(sets, JUDGE_FEATURES, VECTOR_SCALE, 1.0),
    }
    parse_judge(content)
    out = options.out or judge_file(model, version)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"written: {out}\n")
    return 0


def _prepared(
    found: Sequence[Retrieved], asked: Sequence[Asked], embedding_model: str
) -> list[Fitted]:
    rows = {
        id(row): feature_rows(row, one.verdict, embedding_model)
        for row, one in zip(found, asked, strict=True)
        if one.verdict is not None
    }
    return prepared((row for row in found if id(row) in rows), lambda row: rows[id(row)])


if __name__ == "__main__":
    sys.exit(main())
