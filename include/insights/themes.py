"""Themes: requests of an area that are about one thing, found by their vectors.

Requests are taken in the order in which they were opened. Each joins the theme whose centre it is
nearest to, if it is near enough, and founds a new one otherwise. So a theme's members, its centre
and its founder never change because of what came later: the themes of a day are those of the day
before, with that day's requests added, whatever order the days are computed in. A theme is named
by its founding request, and closed requests stay in it, so it keeps its name when they ship. One
pass, and the memory needed is that of the centres, not of the requests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.insights.asof import CUSTOMERS, EVIDENCE, MEMBERS, MERGED, REQUESTS, STATUS, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from include.insights.metrics import GroupCounts

    Vector = NDArray[np.float32]

SIMILARITY = 0.5
"""From this cosine to a theme's centre on, a request belongs to it."""

SHOWN_THEMES = 5
SHOWN_REQUESTS = 5
SHOWN_QUOTES = 2
QUOTE_LIMIT = 200
THEMES_AT_ONCE = 2000
"""Themes that a request is compared with in one pass."""
_BATCH = 500
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")


@dataclass
class Cluster:
    """A theme while it is found: its founder and its members that are open."""

    founder: int
    open_ids: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Member:
    """A request as it goes into the clustering."""

    request_id: int
    is_open: bool
    vector: Vector


@dataclass(frozen=True)
class Quote:
    """A customer's words: exactly ``source[start:end]`` of that feedback."""

    feedback_id: int
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Theme:
    """A theme in a report. ``key`` is its founder's slug; counts are of open requests."""

    key: str
    name: str
    size: int
    counts: GroupCounts
    requests: tuple[tuple[str, str], ...]
    quotes: tuple[Quote, ...]


def cluster(members: Iterable[Member], similarity: float = SIMILARITY) -> list[Cluster]:
    """Themes of members given in the order of their opening; unit vectors in.

    One pass, as long as there are at most `THEMES_AT_ONCE` themes. What is near none of so many is
    gone through again, for themes of its own.
    """
    clusters: list[Cluster] = []
    while True:
        found, left = _clustered(members, similarity)
        clusters += found
        if not left:
            return clusters
        members = left


def _clustered(members: Iterable[Member], similarity: float) -> tuple[list[Cluster], list[Member]]:
    """The themes of one pass, and the members that are near none of them."""
    import numpy as np

    clusters: list[Cluster] = []
    left: list[Member] = []
    sums: Vector = np.zeros((0, 0), dtype=np.float32)
    for member in members:
        place = -1
        if clusters:
            centres = sums[: len(clusters)]
            # A sum's length grows with its members; the cosine needs centres of length one.
            cosines = centres @ member.vector / np.linalg.norm(centres, axis=1)
            best = int(np.argmax(cosines))
            place = best if cosines[best] >= similarity else -1
        if place < 0:
            if len(clusters) >= THEMES_AT_ONCE:
                left.append(member)
                continue
            if len(clusters) == len(sums):
                grown = np.zeros((max(64, 2 * len(sums)), len(member.vector)), dtype=np.float32)
                grown[: len(sums)] = sums if len(sums) else 0
                sums = grown
            place = len(clusters)
            clusters.append(Cluster(member.request_id))
        sums[place] += member.vector
        if member.is_open:
            clusters[place].open_ids.append(member.request_id)
    return clusters, left


def find_themes(
    session: Session,
    area_id: int,
    as_of: datetime,
    model: str,
    similarity: float = SIMILARITY,
) -> tuple[list[Theme], int]:
    """The area's themes of at least two open requests, those of most ARR first; and how many."""
    from include.insights.metrics import group_counts

    found = cluster(_members(session, area_id, as_of, model), similarity)
    groups = {one.founder: one.open_ids for one in found if len(one.open_ids) > 1}
    counts = group_counts(session, area_id, as_of, groups)
    # Without feedback there is nothing a theme could show.
    themes = sorted(
        (founder for founder in groups if founder in counts),
        key=lambda key: (-counts[key].arr, -counts[key].feedback, -len(groups[key]), key),
    )
    ranked = themes[:SHOWN_THEMES]
    chosen = {founder: groups[founder] for founder in ranked}
    titles = _titles(session, area_id, as_of, chosen)
    quotes = _quotes(session, area_id, as_of, chosen)
    names = {
        row.id: row
        for row in rows(
            session, "SELECT id, slug, title FROM requests WHERE id = ANY(:ids)", ids=ranked
        )
    }
    shown = [
        Theme(
            key=names[founder].slug,
            name=names[founder].title,
            size=len(groups[founder]),
            counts=counts[founder],
            requests=tuple(titles.get(founder, ())),
            quotes=tuple(quotes.get(founder, ())),
        )
        for founder in ranked
    ]
    return shown, len(themes)


def pick_quote(feedback_id: int, source: str) -> Quote | None:
    """The longest sentence of the source that fits; a long one is cut between words."""
    best: Quote | None = None
    for match in _SENTENCE.finditer(source):
        start, end = _trimmed(source, match.start(), match.end())
        if end - start > QUOTE_LIMIT:
            gap = source.rfind(" ", start, start + QUOTE_LIMIT)
            start, end = _trimmed(source, start, gap if gap > start else start + QUOTE_LIMIT)
        if end > start and (best is None or end - start > best.end - best.start):
            best = Quote(feedback_id, start, end, source[start:end])
    return best


def exact(quotes: Iterable[Quote], sources: Mapping[int, str]) -> list[Quote]:
    """The quotes that stand word for word in their source at that place; others are dropped."""
    return [
        quote
        for quote in quotes
        if quote.text
        and 0 <= quote.start < quote.end
        and sources.get(quote.feedback_id, "")[quote.start : quote.end] == quote.text
    ]


def _trimmed(source: str, start: int, end: int) -> tuple[int, int]:
    piece = source[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _members(session: Session, area_id: int, as_of: datetime, model: str) -> Iterator[Member]:
    import numpy as np
    from pgvector.sqlalchemy import Vector as VectorType
    from sqlalchemy import column, text

    statement = text(MEMBERS_SQL).columns(
        column("id"), column("status"), column("embedding", VectorType(None)),
        column("opening", VectorType(None)),
    )  # fmt: skip
    result = session.execute(
        statement.execution_options(yield_per=_BATCH),
        {"area": area_id, "as_of": as_of, "model": model},
    )
    for row in result:
        vector = np.asarray(row.embedding, dtype=np.float32)
        length = float(np.linalg.norm(vector))
        if not length:
            continue
        vector = vector / length
        if row.opening is not None:
            opening = np.asarray(row.opening, dtype=np.float32)
            vector = vector + opening / (float(np.linalg.norm(opening)) or 1.0)
            vector = vector / (float(np.linalg.norm(vector)) or 1.0)
        yield Member(row.id, row.status == "open", vector)


def _grouped(groups: Mapping[int, Sequence[int]]) -> dict[str, list[int]]:
    return {
        "request_ids": [one for members in groups.values() for one in members],
        "keys": [key for key, members in groups.items() for _ in members],
    }


def _titles(
    session: Session, area_id: int, as_of: datetime, groups: Mapping[int, Sequence[int]]
) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {}
    if groups:
        parameters: dict[str, Any] = {"area": area_id, "as_of": as_of, "shown": SHOWN_REQUESTS}
        for row in rows(session, TITLES_SQL, **parameters, **_grouped(groups)):
            found.setdefault(row.key, []).append((row.slug, row.title))
    return found


def _quotes(
    session: Session, area_id: int, as_of: datetime, groups: Mapping[int, Sequence[int]]
) -> dict[int, list[Quote]]:
    found: dict[int, list[Quote]] = {}
    if not groups:
        return found
    parameters: dict[str, Any] = {"area": area_id, "as_of": as_of, "shown": 3 * SHOWN_QUOTES}
    for row in rows(session, QUOTES_SQL, **parameters, **_grouped(groups)):
        chosen = found.setdefault(row.key, [])
        quote = pick_quote(row.id, row.quote)
        is_new = quote is not None and quote.text not in {one.text for one in chosen}
        if quote is not None and is_new and len(chosen) < SHOWN_QUOTES:
            chosen.extend(exact([quote], {row.id: row.quote}))
    return found


MEMBERS_SQL = f"""
WITH {MEMBERS}, {MERGED}
SELECT r.id,
       CASE WHEN r.id IN (SELECT request_id FROM merged) THEN 'merged' ELSE {STATUS} END AS status,
       e.embedding, n.embedding AS opening
  FROM member m JOIN requests r ON r.id = m.request_id
  JOIN request_embeddings e ON e.request_id = r.id AND e.model = :model
  LEFT JOIN entries n ON n.id = r.opened_by_entry_id AND n.embedding_model = :model
 WHERE r.created_at <= :as_of
 ORDER BY r.created_at, r.id
"""

_OPEN_OF_GROUPS = f"""
WITH {MEMBERS},
{REQUESTS.replace("request AS", "known AS")},
wanted AS (
    SELECT request_id, key
      FROM unnest(CAST(:request_ids AS bigint[]), CAST(:keys AS bigint[])) AS g (request_id, key)
),
request AS MATERIALIZED (
    SELECT k.*, w.key FROM known k JOIN wanted w ON w.request_id = k.id WHERE k.status = 'open'
),
{EVIDENCE}, {CUSTOMERS}
"""

TITLES_SQL = f"""
{_OPEN_OF_GROUPS},
ranked AS (
    SELECT q.key, q.slug, q.title, row_number() OVER (
               PARTITION BY q.key ORDER BY count(e.id) DESC, q.created_at, q.id) AS place
      FROM request q LEFT JOIN evidence e ON e.request_id = q.id
     GROUP BY q.key, q.id, q.slug, q.title, q.created_at
)
SELECT key, slug, title FROM ranked WHERE place <= :shown ORDER BY key, place
"""

QUOTES_SQL = f"""
{_OPEN_OF_GROUPS},
ranked AS (
    SELECT q.key, e.id, row_number() OVER (
               PARTITION BY q.key
               ORDER BY array_position(ARRAY['high', 'medium', 'low'], e.severity),
                        c.arr DESC NULLS LAST, e.created_at DESC, e.id) AS place
      FROM evidence e JOIN request q ON q.id = e.request_id
      LEFT JOIN customer c ON c.id = e.account_id
)
SELECT r.key, f.id, substr(e.customer_pain, f.quote_start + 1, f.quote_length) AS quote
  FROM ranked r JOIN feedback f ON f.id = r.id JOIN entries e ON e.id = f.entry_id
 WHERE r.place <= :shown ORDER BY r.key, r.place
"""
