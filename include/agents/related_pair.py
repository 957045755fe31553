"""How near requests relate, read by a model; the calibrated pairs are its fallback."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from include.agents.judge import plain_reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from include.agents.client import Agent, AgentTask

TITLE_READ, DESCRIPTION_READ = 200, 600
RELATIONS = ("duplicate", "related", "different")


@dataclass(frozen=True, slots=True)
class RequestText:
    """A request as the model sees it."""

    id: int
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Relation:
    """What a model says of a pair: `duplicate`, `related` or `different`."""

    kind: str
    confidence: float
    reason: str


def relate(
    agent: Agent, request: RequestText, candidates: Sequence[RequestText]
) -> Mapping[int, Relation] | None:
    """Relations by candidate id, None without a model. Ids that were not sent are dropped.

    A candidate the model says two things of, or nothing, has no relation here: it stays as it was.
    """
    if not candidates:
        return None
    values = {
        "request": _line(request),
        "candidates": "\n".join(map(_line, sorted(candidates, key=lambda one: one.id))),
    }
    answer = agent.ask(related_task(), values, key=f"related:{request.id}")
    if answer is None:
        return None
    sent = {candidate.id for candidate in candidates}
    found: dict[int, Relation] = {}
    twice: set[int] = set()
    dropped = 0
    for one in answer.model_dump()["relations"]:
        number, confidence = one["id"], one["confidence"]
        fits = math.isfinite(confidence) and 0 <= confidence <= 1
        if number not in sent or not fits or one["relation"] not in RELATIONS:
            dropped += 1
        elif number in found:
            twice.add(number)
        else:
            reason = plain_reason(one["reason"])
            found[number] = Relation(one["relation"], float(confidence), reason)
    if dropped:
        agent.note(related_task(), "dropped", f"{dropped} relations named no id of the list")
    return {number: relation for number, relation in found.items() if number not in twice}


@cache
def related_task() -> AgentTask[BaseModel]:
    """The task; made on first use, because its types need Pydantic."""
    from pydantic import BaseModel, Field

    from include.agents.client import AgentTask

    class RelatedCandidate(BaseModel):
        id: int = Field(description="id of a candidate of the list")
        relation: str = Field(description="duplicate, related or different")
        confidence: float = Field(description="0 to 1")
        reason: str = Field(description="one sentence")

    class RelatedAnswer(BaseModel):
        relations: list[RelatedCandidate]

    return AgentTask("related_pair", RelatedAnswer, max_tokens=1_500)


def _line(request: RequestText) -> str:
    return json.dumps(
        {
            "id": request.id,
            "title": request.title[:TITLE_READ],
            "description": request.description[:DESCRIPTION_READ],
        },
        ensure_ascii=False,
    )
