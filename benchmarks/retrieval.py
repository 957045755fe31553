"""Runs labelled entries through the product's own search, in a throw-away database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from benchmarks.corpus import embed_all, fill
from benchmarks.labelled import read_entries, read_requests
from include.matching.embed import embedding_text
from include.store.search import find_candidates

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from include.matching.types import Candidate, Embedder


@dataclass(frozen=True, slots=True)
class Retrieved:
    """An entry, the database ids it belongs to, and what the search found for it."""

    entry_id: str
    text: str
    gold: frozenset[int]
    candidates: tuple[Candidate, ...]

    @property
    def known(self) -> bool:
        """Whether the entry belongs to any request."""
        return bool(self.gold)


def retrieve(
    engine: Engine, embedder: Embedder, folder: Path, *, words_only: bool = False
) -> list[Retrieved]:
    """Fill the database with the folder's requests and search it for each entry."""
    requests = read_requests(folder)
    entries = read_entries(folder, {request.id for request in requests})
    texts = [embedding_text(request.title, request.description) for request in requests]
    ids = fill(
        engine,
        [(request.title, request.description) for request in requests],
        embed_all(embedder, texts),
        embedder.model,
    ).ids
    by_name = {request.id: number for request, number in zip(requests, ids, strict=True)}
    vectors = embed_all(embedder, [entry.text for entry in entries])
    found = []
    with Session(engine) as session:
        for entry, vector in zip(entries, vectors, strict=True):
            candidates = find_candidates(
                session,
                pain=entry.text,
                vector=None if words_only else vector,
                model=embedder.model,
            )
            session.rollback()
            gold = frozenset(by_name[name] for name in entry.gold)
            found.append(Retrieved(entry.id, entry.text, gold, tuple(candidates)))
    return found
