"""Sample areas, accounts, deals and requests, loaded once however often this runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from include.matching.embed import content_hash, embedding_text
from include.requests.opening import slug_of
from include.store.models import (
    Account,
    Area,
    Opportunity,
    Request,
    RequestArea,
    RequestEmbedding,
    RequestStatusChange,
)
from sandbox.environment import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from include.matching.types import Embedder

FOLDER = ROOT / "data" / "sample"
ENTRIES = FOLDER / "entries.jsonl"


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def load_samples(session: Session, embedder: Embedder) -> int:
    """Load what is missing; returns how many requests are new."""
    for model, name in ((Area, "areas"), (Account, "accounts"), (Opportunity, "opportunities")):
        for row in read_lines(FOLDER / f"{name}.jsonl"):
            session.execute(insert(model).values(**row).on_conflict_do_nothing())
    areas = {area.slug: area.id for area in session.scalars(select(Area))}
    rows = read_lines(FOLDER / "requests.jsonl")
    known = set(session.scalars(select(Request.slug)))
    new = [row for row in rows if slug_of(row["title"]) not in known]
    texts = [embedding_text(row["title"], row["description"]) for row in new]
    vectors = embedder.embed(texts) if texts else []
    for row, text, vector in zip(new, texts, vectors, strict=True):
        status = row.get("status", "open")
        request = Request(
            slug=slug_of(row["title"]),
            title=row["title"],
            description=row["description"],
            status=status,
        )
        session.add(request)
        session.flush()
        session.add_all(
            RequestArea(request_id=request.id, area_id=areas[slug]) for slug in row["areas"]
        )
        session.add(RequestStatusChange(request_id=request.id, status=status, changed_by="samples"))
        session.add(
            RequestEmbedding(
                request_id=request.id,
                model=embedder.model,
                dimensions=embedder.dimensions,
                content_hash=content_hash(text, embedder.model, embedder.dimensions),
                embedding=vector,
            )
        )
    return len(new)
