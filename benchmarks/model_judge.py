"""Measures a language model as judge: asks it about labelled entries, once each, and judges by it.

The model is that of the connection `gtm_feedback_llm` in the environment
(AIRFLOW_CONN_GTM_FEEDBACK_LLM). Its answers are kept in a file, so measuring again with other
thresholds, or fitting its calibration, is free.
"""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from benchmarks.metrics import Outcome
from include.agents.client import ModelAgent
from include.agents.judge import ModelVerdict, ask_judge, judge_task
from include.agents.ledger import FINAL, Call, CallOutcome, MemoryLedger, Result
from include.base.connections import CHAT_MODEL, get_connection
from include.clients.language_model import config_from
from include.matching.heard import HeardJudge, judge_features
from include.matching.judge import CalibratedJudge
from include.matching.route import route

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.retrieval import Retrieved
    from include.matching.types import Judge, Thresholds

SIDE_BY_SIDE = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A model's verdict on one entry (None: no answer), with what it cost."""

    verdict: ModelVerdict | None
    tokens_in: int
    tokens_out: int
    cost: float
    seconds: float


class FileLedger(MemoryLedger):
    """A ledger whose answers outlive the process, in a file of JSON lines."""

    def __init__(self, path: Path, budget: Decimal | None) -> None:
        super().__init__(budget=budget)
        self.path = path
        self.paid = Decimal(0)
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                self.calls.append(_read_call(json.loads(line)))
            # What earlier runs paid does not count against this one's budget.
            self.paid = super().spent

    @property
    def spent(self) -> Decimal:
        """What this run paid or keeps in reserve."""
        return super().spent - self.paid

    def close(self, call_id: int, call: Call, result: Result) -> None:
        """Write the call down; a failed one is asked again next time."""
        super().close(call_id, call, result)
        if result.outcome in FINAL:
            row = json.dumps({"call": asdict(call), "result": asdict(result)}, default=str)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{row}\n")


def configured_agent(answers: Path, budget: float) -> ModelAgent | None:
    """The model of the environment's connection, None when there is none."""
    if not os.environ.get(f"AIRFLOW_CONN_{CHAT_MODEL.upper()}"):
        return None
    config = config_from(get_connection(CHAT_MODEL))
    answers.parent.mkdir(parents=True, exist_ok=True)
    return ModelAgent(config, FileLedger(answers, Decimal(str(budget))))


def ask_all(agent: ModelAgent, found: Sequence[Retrieved]) -> list[Asked]:
    """The model's verdict on every entry's candidates, several side by side."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        verdicts = list(
            pool.map(
                lambda row: ask_judge(agent, row.text, row.candidates, key=f"eval:{_name(row)}"),
                found,
            )
        )
    assert isinstance(agent.ledger, MemoryLedger)
    by_key: dict[str, Result] = {}
    for call, result in agent.ledger.calls:
        if result.outcome is not CallOutcome.STARTED and call.model == agent.model_for(
            judge_task()
        ):
            by_key[call.key] = result
    asked = []
    for row, verdict in zip(found, verdicts, strict=True):
        spent = by_key.get(f"eval:{_name(row)}", Result(CallOutcome.UNAVAILABLE))
        asked.append(
            Asked(verdict, spent.tokens_in, spent.tokens_out, float(spent.cost), spent.seconds)
        )
    return asked


def heard(
    found: Sequence[Retrieved],
    asked: Sequence[Asked],
    embedding_model: str,
    thresholds: Thresholds,
) -> list[Outcome]:
    """Judge and route each entry with the model's verdict, as the product does."""
    outcomes = []
    for row, one in zip(found, asked, strict=True):
        calibrated = CalibratedJudge(embedding_model)
        judge = judge_of(row, one.verdict, calibrated)
        verdicts = judge.judge(row.text, row.candidates)
        ids = [candidate.request_id for candidate in row.candidates]
        if isinstance(judge, HeardJudge):
            confidences = judge.confidences(ids, searched(row, calibrated))
        else:
            confidences = calibrated.confidences(row.text, row.candidates)
        order = sorted(range(len(ids)), key=lambda place: -confidences[place])
        by_id = {candidate.request_id: candidate for candidate in row.candidates}
        hold = judge.hold if isinstance(judge, HeardJudge) else ""
        decision = route(verdicts, by_id, thresholds, hold=hold)
        right = [ids[place] in row.gold for place in order]
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


def judge_of(row: Retrieved, verdict: ModelVerdict | None, calibrated: Judge) -> Judge:
    """The judge of one entry: one that has heard the model, or the calibrated one."""
    if verdict is None:
        return calibrated
    return HeardJudge(
        model=verdict.model,
        prompt_version=verdict.prompt_version,
        sent=frozenset(candidate.request_id for candidate in row.candidates),
        stated={one.request_id: one for one in verdict.stated},
        other=calibrated,
    )


def feature_rows(
    row: Retrieved, verdict: ModelVerdict, embedding_model: str
) -> list[tuple[float, float, float]]:
    """What a calibration of the judge is fitted on: the features of each candidate."""
    stated = {one.request_id: one.confidence for one in verdict.stated}
    said = [stated.get(candidate.request_id, 0.0) for candidate in row.candidates]
    return judge_features(said, searched(row, CalibratedJudge(embedding_model)))


def searched(row: Retrieved, calibrated: Judge) -> list[float]:
    """What the calibrated judge reports of each candidate, 0 for what it does not report."""
    reported = {
        one.request_id: one.confidence for one in calibrated.judge(row.text, row.candidates)
    }
    return [reported.get(candidate.request_id, 0.0) for candidate in row.candidates]


def _name(row: Retrieved) -> str:
    """A name that is the same in the next run: entries of two folders may share an id."""
    return hashlib.sha256(f"{row.entry_id}\x00{row.text}".encode()).hexdigest()[:24]


def _read_call(row: dict[str, Any]) -> tuple[Call, Result]:
    call = Call(**{one.name: row["call"][one.name] for one in fields(Call)})
    result = Result(**{one.name: row["result"][one.name] for one in fields(Result)})
    return (
        replace(call, reserved=Decimal(str(call.reserved))),
        replace(result, outcome=CallOutcome(result.outcome), cost=Decimal(str(result.cost))),
    )
