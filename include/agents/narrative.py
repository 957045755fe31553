"""Sentences about counted numbers: for an area's report and for the weekly digest.

Every number of a sentence must stand in the text it was written from, and slugs are copied. What
does not hold is dropped by whoever asked, and counted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from include.agents.sentences import is_plain, one_line, only_numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from include.agents.client import Agent, AgentTask

MOST = 400


@dataclass(frozen=True, slots=True)
class SectionSaid:
    """What a model says of one section; an empty summary was refused."""

    section: str
    summary: str
    slugs: tuple[str, ...]


def narrate_sections(
    agent: Agent, area: str, sections: Sequence[dict[str, Any]], *, key: str
) -> list[SectionSaid]:
    """Summaries of sections (`id`, `summary`, ...); empty without a model.

    A summary with a number, in digits or words, that its section's own does not have, with a link
    or of more than two sentences comes back empty, so that whoever asked counts it as refused.
    """
    if not sections:
        return []
    lines = [json.dumps(section, ensure_ascii=False) for section in sections]
    answer = agent.ask(area_task(), {"area": area, "sections": "\n".join(lines)}, key=key)
    if answer is None:
        return []
    own = {str(section["id"]): str(section["summary"]) for section in sections}
    said: dict[str, SectionSaid] = {}
    for one in answer.model_dump()["sections"]:
        if one["id"] in own and one["id"] not in said:
            summary = one_line(one["summary"])
            fits = is_plain(summary, most=MOST) and only_numbers_of(summary, own[one["id"]])
            slugs = tuple(one["slugs"][:20])
            said[one["id"]] = SectionSaid(one["id"], summary if fits else "", slugs)
    return list(said.values())


def narrate_digest(agent: Agent, figures: str, *, key: str) -> str | None:
    """The opening of a digest, None when there is no model or its sentences do not hold."""
    answer = agent.ask(digest_task(), {"figures": figures}, key=key)
    if answer is None:
        return None
    text = one_line(answer.model_dump()["text"])
    if is_plain(text, most=MOST) and only_numbers_of(text, figures):
        return text
    agent.note(digest_task(), "refused", "the opening had a number or a link of its own")
    return None


@cache
def area_task() -> AgentTask[BaseModel]:
    """The task; made on first use, because its types need Pydantic."""
    from pydantic import BaseModel, Field

    from include.agents.client import AgentTask

    class NarratedSection(BaseModel):
        id: str = Field(description="id of a section of the list")
        summary: str = Field(description="one or two sentences")
        slugs: list[str] = Field(description="slugs of that section")

    class AreaNarrative(BaseModel):
        sections: list[NarratedSection]

    return AgentTask("narrate_area", AreaNarrative, max_tokens=1_500)


@cache
def digest_task() -> AgentTask[BaseModel]:
    """The task; made on first use, because its types need Pydantic."""
    from pydantic import BaseModel, Field

    from include.agents.client import AgentTask

    class DigestNarrative(BaseModel):
        text: str = Field(description="one or two sentences")

    return AgentTask("narrate_digest", DigestNarrative, max_tokens=500)
