"""Drafts a request with a model; `include.agents.draft` does it without one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from include.agents.draft import DESCRIPTION_MAX, TITLE_MAX, TITLE_MIN
from include.agents.prompting import as_records
from include.agents.readable import readable
from include.agents.sentences import leads_away
from include.matching.embed import truncated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from include.agents.client import Agent, AgentTask
    from include.agents.draft import AreaOption, Draft

MOST_AREAS = 2


def draft_with(
    agent: Agent,
    pain: str,
    areas: Sequence[AreaOption],
    fallback: Draft,
    *,
    key: str,
    entry_id: int | None = None,
) -> Draft:
    """The model's draft; the fallback where there is no model, and for what it left open.

    Args:
        agent: Whoever answers.
        pain: The customer's words.
        areas: What to choose from; ids it does not hold are left out.
        fallback: The draft without a model.
        key: Names the question in the ledger.
        entry_id: The entry it is about.
    """
    values = {"pain": truncated(pain), "areas": _listed(areas)}
    answer = agent.ask(draft_task(), values, key=key, entry_id=entry_id)
    if answer is None:
        return fallback
    said = answer.model_dump()
    if leads_away(said["title"]):
        return fallback
    title = " ".join(readable(said["title"]).split())[:TITLE_MAX].strip()
    if len(title) < TITLE_MIN:
        return fallback
    described = "" if leads_away(said["description"]) else said["description"]
    description = " ".join(readable(described).split())[:DESCRIPTION_MAX].strip()
    offered = {area.id for area in areas}
    chosen = tuple(dict.fromkeys(one for one in said["areas"] if one in offered))[:MOST_AREAS]
    return replace(
        fallback,
        title=title,
        description=description or fallback.description,
        area_ids=chosen or fallback.area_ids,
    )


@cache
def draft_task() -> AgentTask[BaseModel]:
    """The task; made on first use, because its type needs Pydantic."""
    from pydantic import BaseModel, Field

    from include.agents.client import AgentTask

    class RequestDraft(BaseModel):
        title: str = Field(min_length=TITLE_MIN, max_length=TITLE_MAX, description="the problem")
        description: str = Field(max_length=2_000, description="at most two sentences")
        areas: list[int] = Field(description="one or two ids of the list of areas")

    return AgentTask("draft_request", RequestDraft, max_tokens=600)


def _listed(areas: Sequence[AreaOption]) -> str:
    return as_records(
        {"id": area.id, "name": area.name, "description": area.description[:300]} for area in areas
    )
