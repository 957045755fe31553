"""The judge that reads: a model's verdict on the candidates of a search."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from include.agents.prompting import Records, as_records
from include.agents.suspicion import addresses_model
from include.matching.embed import truncated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from include.agents.client import Agent, AgentTask
    from include.matching.types import Candidate

TITLE_READ, DESCRIPTION_READ = 200, 600
QUOTES_READ, QUOTE_READ = 3, 120
"""Pieces of feedback on a candidate that the model reads, and characters of each.

Ten candidates with all of them are about 1,000 tokens more.
"""
REASON_MAX = 200

_LINK = re.compile(r"(?:https?://|www\.)\S+|<[@#!][^>]*>|<(?:https?|mailto):[^>]*>", re.I)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Stated:
    """What the model says of one candidate."""

    request_id: int
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class ModelVerdict:
    """A model's verdict on all that were sent.

    `dropped` counts what was thrown away: ids that were not sent, confidences that are none.
    """

    model: str
    prompt_version: str
    stated: tuple[Stated, ...]
    dropped: int = 0


def ask_judge(
    agent: Agent,
    pain: str,
    candidates: Sequence[Candidate],
    *,
    key: str,
    entry_id: int | None = None,
    quotes: Mapping[int, Sequence[str]] | None = None,
    task: AgentTask[BaseModel] | None = None,
) -> ModelVerdict | None:
    """The model's verdict; None when there is no model now or all it said had to be dropped.

    Args:
        agent: Whoever answers.
        pain: The customer's words; as much is read as is embedded.
        candidates: What it may choose from. Without any, nobody is asked.
        key: Names the question in the ledger.
        entry_id: The entry it is about.
        quotes: What other customers said, by candidate, the nearest first.
        task: The same task by another prompt (a replay, the shadow lane).
    """
    task = task or judge_task()
    model = agent.model_for(task)
    if model is None or not candidates:
        return None
    records = listed(candidates, quotes or {})
    # The agent leaves out rows that give it orders, so a verdict on one of those is invented.
    sent = {
        candidate.request_id
        for candidate, row in zip(candidates, records.rows, strict=True)
        if not addresses_model(row)
    }
    if not sent:
        return None
    values = {"pain": truncated(pain), "candidates": records}
    answer = agent.ask(task, values, key=key, entry_id=entry_id)
    if answer is None:
        return None
    stated, dropped = _kept(answer.model_dump()["verdicts"], sent)
    if dropped:
        agent.note(task, "dropped", f"{dropped} verdicts named no id of the list or no confidence")
        if not stated:
            return None
    return ModelVerdict(model, task.prompt_version, stated, dropped)


def listed(
    candidates: Sequence[Candidate], quotes: Mapping[int, Sequence[str]] | None = None
) -> Records:
    """The candidates as the model sees them, each with the nearest feedback on it.

    A quote that gives orders is left out here, by itself: otherwise whoever attaches one to a
    request would take the request off every list.
    """
    return Records(_row(one, (quotes or {}).get(one.request_id, ())) for one in candidates)


def _row(candidate: Candidate, quotes: Sequence[str]) -> str:
    own: dict[str, object] = {
        "id": candidate.request_id,
        "status": str(candidate.status),
        "title": candidate.title[:TITLE_READ],
        "description": candidate.description[:DESCRIPTION_READ],
    }
    said = [one[:QUOTE_READ] for one in quotes if not addresses_model(one)][:QUOTES_READ]
    heard = {f"feedback {number}": quote for number, quote in enumerate(said, start=1)}
    whole = as_records([own | heard])
    # Two harmless quotes may be one order when they are read together.
    return as_records([own]) if heard and addresses_model(whole) else whole


def plain_reason(text: str) -> str:
    """A reason as one short line without links and mentions: a person will see it in Slack."""
    said = _SPACE.sub(" ", _LINK.sub("", text)).strip()
    return said if len(said) <= REASON_MAX else f"{said[: REASON_MAX - 1].rstrip()}…"


@cache
def judge_task() -> AgentTask[BaseModel]:
    """The task; made on first use, because its types need Pydantic."""
    from pydantic import BaseModel, Field

    from include.agents.client import AgentTask

    class JudgedRequest(BaseModel):
        id: int = Field(description="id of a request of the list")
        confidence: float = Field(description="0 to 1, by the scale you were given")
        reason: str = Field(description="one sentence for the person who checks it")

    class JudgeAnswer(BaseModel):
        verdicts: list[JudgedRequest]

    return AgentTask("judge", JudgeAnswer, max_tokens=1_500)


def _kept(verdicts: Sequence[dict[str, object]], sent: set[int]) -> tuple[tuple[Stated, ...], int]:
    """What may be believed: ids that were sent, confidences from 0 to 1, of two the lower."""
    kept: dict[int, Stated] = {}
    dropped = 0
    for one in verdicts:
        request_id, confidence = one["id"], one["confidence"]
        if (
            not isinstance(request_id, int)
            or request_id not in sent
            or not isinstance(confidence, int | float)
            or not math.isfinite(confidence)
            or not 0 <= confidence <= 1
        ):
            dropped += 1
            continue
        known = kept.get(request_id)
        if known is None or confidence < known.confidence:
            kept[request_id] = Stated(
                request_id, float(confidence), plain_reason(str(one["reason"]))
            )
    return tuple(sorted(kept.values(), key=lambda one: -one.confidence)), dropped
