"""What the task of ``replay_decisions`` calls: the judge that its parameters name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError
from include.entries.decisions import find_decision, match_key
from include.entries.replay import Rules, replay
from include.insights.prepared import read_only
from include.matching.calibration import FOLDER, file_name
from include.matching.heard import HeardJudge
from include.matching.judge import CalibratedJudge
from include.store.quotes import nearest_quotes
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from include.entries.replay import JudgeOf
    from include.matching.types import Candidate, Judge
    from include.store.models import Entry


def replay_window(values: Mapping[str, Any], since: datetime, until: datetime) -> dict[str, Any]:
    """The run's result: what would differ, against what people decided.

    Raises:
        FatalError: the parameters do not fit together, or name a calibration, a prompt or a model
            that is not there.
    """
    attach, ask = values.get("attach"), values.get("ask")
    if attach is not None and ask is not None and ask > attach:
        raise FatalError(f"ask ({ask}) must not be above attach ({attach})")
    judge_of, counts = _judge_of(values)
    result = replay(
        session_scope,
        since,
        until,
        judge_of=judge_of,
        rules=Rules(attach, ask),
        limit=int(values.get("limit") or 200),
    )
    by = {name: values.get(name) for name in ("judge", "calibration", "model", "prompt")}
    return result | {"by": by | {"attach": attach, "ask": ask}} | counts


def _judge_of(values: Mapping[str, Any]) -> tuple[JudgeOf, dict[str, int]]:
    calibration = values.get("calibration")
    if calibration and not (FOLDER / f"{file_name(calibration)}.json").is_file():
        known = sorted(path.stem for path in FOLDER.glob("*.json"))
        raise FatalError(f"There is no calibration {calibration!r}; there are {known}")

    def calibrated(entry: Entry, _: Sequence[Candidate]) -> Judge:
        return CalibratedJudge(calibration or entry.embedding_model or "")

    if values.get("judge") != "model":
        if values.get("model") or values.get("prompt"):
            raise FatalError("model and prompt are for the judge 'model'; set judge to it")
        return calibrated, {}
    return _model_judge(values, calibrated)


def _model_judge(values: Mapping[str, Any], calibrated: JudgeOf) -> tuple[JudgeOf, dict[str, int]]:
    """A judge that asks the model of the connection, or another model or prompt of the same server.

    What was asked before with the same model and prompt is answered by the ledger, at no cost.
    """
    from include.agents.config import TaskModel
    from include.agents.judge import ask_judge, judge_task
    from include.agents.prompting import FOLDER as PROMPTS
    from include.base.connections import CHAT_MODEL, get_connection
    from include.clients.language_model import agent_of, config_from

    config = config_from(get_connection(CHAT_MODEL))
    task = judge_task()
    if values.get("prompt"):
        name = str(values["prompt"])
        known = sorted(path.stem for path in PROMPTS.glob("*.md"))
        if name not in known:
            raise FatalError(f"There is no prompt {name!r}; there are {known}")
        task = replace(task, name=name)
    chosen = config.for_task("judge") or TaskModel(config.model, config.temperature)
    if values.get("model"):
        chosen = replace(chosen, model=str(values["model"]))
    agent = agent_of(replace(config, tasks={**config.tasks, task.name: chosen}))
    counts = {"without_model": 0}

    def heard(entry: Entry, candidates: Sequence[Candidate]) -> Judge:
        other = calibrated(entry, candidates)
        verdict = ask_judge(
            agent,
            entry.customer_pain,
            candidates,
            key=f"judge:{entry.id}",
            quotes=_quotes_then(entry, candidates),
            task=task,
        )
        if verdict is None:
            counts["without_model"] += bool(candidates)
            return other
        return HeardJudge(
            model=verdict.model,
            prompt_version=verdict.prompt_version,
            sent=frozenset(candidate.request_id for candidate in candidates),
            stated={one.request_id: one for one in verdict.stated},
            other=other,
        )

    return heard, counts


def _quotes_then(entry: Entry, candidates: Sequence[Candidate]) -> dict[int, list[str]]:
    """The feedback that the model would have read then: what was attached before the decision."""
    ids = [candidate.request_id for candidate in candidates]
    vector = list(entry.embedding) if entry.embedding is not None else None
    with session_scope() as session:
        read_only(session)
        decision = find_decision(session, match_key(entry.id))
        moment = decision.decided_at if decision is not None else None
        return nearest_quotes(
            session,
            ids,
            vector,
            entry.embedding_model or "",
            moment=moment,
            without_entry=entry.id,
        )
