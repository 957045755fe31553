"""Asking the language model about an entry: its verdict on candidates, its draft of a request.

Both are asked outside any transaction. What comes back is a judge that needs no call, so the
decision itself is made under the same locks and by the same code as without a model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from include.agents.draft import AreaOption
from include.feedback.requests import areas_by_id
from include.matching.heard import HeardJudge
from include.store.search import find_candidates

if TYPE_CHECKING:
    from include.agents.client import Agent
    from include.agents.draft import Draft
    from include.matching.types import Judge
    from include.store.models import Entry
    from include.store.session import SessionScope


def consulted(
    scope: SessionScope,
    entry: Entry,
    vector: list[float] | None,
    embedding_model: str,
    judge: Judge,
    agent: Agent,
) -> Judge:
    """A judge that has heard the model on this entry's candidates; ``judge`` itself without one.

    Requests that are opened after the question are judged by ``judge``, so an entry is asked about
    once, whatever else happens meanwhile.
    """
    from include.agents.judge import ask_judge, judge_task

    with scope() as session:
        candidates = find_candidates(
            session, pain=entry.customer_pain, vector=vector, model=embedding_model
        )
    key = f"judge:{entry.id}"
    verdict = ask_judge(agent, entry.customer_pain, candidates, key=key, entry_id=entry.id)
    if verdict is None:
        return judge
    heard = HeardJudge(
        model=verdict.model,
        prompt_version=verdict.prompt_version,
        sent=frozenset(candidate.request_id for candidate in candidates),
        stated={one.request_id: one for one in verdict.stated},
        other=judge,
    )
    if heard.hold:
        agent.note(judge_task(), "uncalibrated", heard.hold)
    return heard


def written(scope: SessionScope, entry: Entry, draft: Draft, agent: Agent) -> Draft:
    """The model's draft of the request an entry opens; ``draft`` without a model.

    Areas that the submitter chose stay.
    """
    from include.agents.request_draft import draft_with

    with scope() as session:
        options = [
            AreaOption(area.id, area.slug, area.name, area.description)
            for area in areas_by_id(session)
        ]
    made = draft_with(
        agent, entry.customer_pain, options, draft, key=f"draft:{entry.id}", entry_id=entry.id
    )
    chosen = entry.areas and any(option.slug in entry.areas for option in options)
    return replace(made, area_ids=draft.area_ids) if chosen else made
