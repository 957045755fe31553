"""Asking the language model about an entry: its verdict on candidates, its draft of a request.

Both are asked outside any transaction. What comes back is a judge that needs no call, so the
decision itself is made under the same locks and by the same code as without a model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from include.agents.draft import AreaOption
from include.agents.pains import may_hold_several, read_pains
from include.matching.heard import HeardJudge
from include.requests.opening import areas_by_id
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


def taken_apart(scope: SessionScope, entry: Entry, agent: Agent) -> bool:
    """Whether a model found several pains in an entry, or none, and it is not matched itself.

    Where it found one, the title and the description that it proposes for it come with the entry.
    """
    if entry.parent_id is not None or not may_hold_several(entry.customer_pain):
        return False
    from include.entries.take_apart import take_apart

    key = f"pains:{entry.id}"
    outcome = take_apart(
        scope,
        entry.id,
        run_id=entry.run_id,
        read=lambda text: read_pains(agent, text, key=key, entry_id=entry.id),
    )
    if outcome is None:
        with scope() as session:
            entry.suggestion = session.get_one(type(entry), entry.id).suggestion
    return outcome is not None


def written(scope: SessionScope, entry: Entry, draft: Draft, agent: Agent) -> Draft:
    """The model's draft of the request an entry opens; ``draft`` without a model.

    Areas that the submitter chose stay. Where the model that read the pains proposed a title, the
    draft has it already, and nobody is asked again.
    """
    if entry.suggestion:
        return draft
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
