"""The request that an entry opens: its text, written with or without a model, and its vector."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from include.agents.draft import AreaOption, draft_request
from include.matching.embed import content_hash, embedding_text
from include.requests.opening import Vector, areas_by_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.agents.client import Agent
    from include.agents.draft import Draft
    from include.matching.types import Candidate, Embedder
    from include.store.models import Area, Entry
    from include.store.session import SessionScope


def draft_for(session: Session, entry: Entry, candidates: Sequence[Candidate]) -> Draft:
    """A title, a description and areas for the request an entry opens, without a model."""
    areas = areas_by_id(session)
    wanted = [area for area in areas if area.slug in set(entry.areas)]
    draft = draft_request(
        entry.customer_pain, _options(wanted or areas), () if wanted else candidates
    )
    if entry.suggestion:
        draft = replace(draft, **entry.suggestion)
    return replace(draft, area_ids=tuple(area.id for area in wanted)) if wanted else draft


def written(scope: SessionScope, entry: Entry, draft: Draft, agent: Agent | None) -> Draft:
    """The model's draft of the request an entry opens; ``draft`` without a model.

    Areas that the submitter chose stay. Where the model that read the pains proposed a title, the
    draft has it already, and nobody is asked again.
    """
    if agent is None or entry.suggestion:
        return draft
    from include.agents.request_draft import draft_with

    with scope() as session:
        options = _options(areas_by_id(session))
    made = draft_with(
        agent, entry.customer_pain, options, draft, key=f"draft:{entry.id}", entry_id=entry.id
    )
    chosen = entry.areas and any(option.slug in entry.areas for option in options)
    return replace(made, area_ids=draft.area_ids) if chosen else made


def request_vectors(drafts: Sequence[Draft], embedder: Embedder) -> list[Vector]:
    """The vectors of requests' own texts, in one call.

    Raises:
        EmbeddingsUnavailable: retry later.
    """
    if not drafts:
        return []
    texts = [embedding_text(draft.title, draft.description) for draft in drafts]
    return [
        Vector(embedder.model, values, content_hash(text, embedder.model, embedder.dimensions))
        for text, values in zip(texts, embedder.embed(texts), strict=True)
    ]


def provisional_vector(
    entry: Entry, vector: Sequence[float] | None = None, model: str | None = None
) -> Vector | None:
    """The customer's words' own vector, to serve until the request's text is embedded.

    ``sync_embeddings`` makes it right. Without ``vector`` the one that is kept with the entry.
    """
    values = entry.embedding if vector is None else vector
    name = model or entry.embedding_model
    if values is None or name is None:
        return None
    return Vector(name, list(values), f"pain:{entry.id}")


def _options(areas: Sequence[Area]) -> list[AreaOption]:
    return [AreaOption(area.id, area.slug, area.name, area.description) for area in areas]
