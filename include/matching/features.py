"""What the calibrated judge looks at: a few numbers for each candidate, from the search alone.

Cosines mean something else in every product: in a list of bank questions everything is near to
everything, in a tracker of crashes nothing is. So a candidate is looked at beside its neighbours.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.matching.types import Candidate

MISSING_NEIGHBOUR = 0.35
"""A product with fewer than six requests is judged as if strangers stood this near."""

LEAST_BACKGROUND = 0.25
"""Neighbours that are further away count as near as that: among requests that have nothing in
common a stranger, too, is far nearer to one of them than to the others."""

NEIGHBOURS = 5
VECTOR_FEATURES = (
    "closeness",
    "above_background",
    "margin",
    "agreement",
    "number_conflict",
    "length",
)
TEXT_FEATURES = ("pain_share", "title_share", "lead")

SHORT, LONG = 100, 1_000
"""Lengths of a pain in characters below and above which its confidence does not depend on it."""

_NUMBER = re.compile(r"\d+(?:[.:]\d+)*")
_NUMBERS_WITHIN = 300


def vector_features(pain: str, candidates: Sequence[Candidate]) -> list[tuple[float, ...]]:
    """`VECTOR_FEATURES` of each candidate; one without a cosine counts as unrelated (0).

    closeness: of the request with its feedback. above_background: closeness minus the mean of the
    five nearest others. margin: closeness minus the nearest other. (Both count at least
    `LEAST_BACKGROUND`.) agreement: see `Candidate`.
    number_conflict: title and pain each hold a number (a version, a ticket) that the other lacks.
    length: how much longer the pain is than a hundred characters, as a logarithm, for a long text
    is often about several things.
    """
    length = math.log(min(max(len(pain), SHORT), LONG) / SHORT)
    rows: list[tuple[float, ...]] = []
    for place, candidate in enumerate(candidates):
        near = closeness(candidate)
        others = [closeness(one) for one in (*candidates[:place], *candidates[place + 1 :])]
        background, best_other = _surroundings(candidate, others)
        rows.append(
            (
                near,
                near - background,
                near - best_other,
                candidate.agreement,
                float(number_conflict(pain, candidate.title)),
                length,
            )
        )
    return rows


def closeness(candidate: Candidate) -> float:
    """How near a request is with its feedback; its text's cosine where there is nothing more."""
    return candidate.cosine or 0.0 if candidate.closeness is None else candidate.closeness


def text_features(candidates: Sequence[Candidate]) -> list[tuple[float, ...]]:
    """`TEXT_FEATURES` of each candidate.

    pain_share, title_share: see `Candidate`. lead: its text points beside the best other's, 0 to 1.
    """
    points = [candidate.text_points or 0.0 for candidate in candidates]
    rows: list[tuple[float, ...]] = []
    for place, candidate in enumerate(candidates):
        best_other = max([0.0, *points[:place], *points[place + 1 :]])
        lead = points[place] / (points[place] + best_other + 5.0)
        rows.append((candidate.text_score or 0.0, candidate.title_score or 0.0, lead))
    return rows


def _surroundings(candidate: Candidate, others: Sequence[float]) -> tuple[float, float]:
    """The background's mean closeness, and the least that the best other counts."""
    present = min(candidate.background_size, NEIGHBOURS)
    missing = NEIGHBOURS - present
    total = (candidate.background_mean or 0.0) * present + MISSING_NEIGHBOUR * missing
    best = max(others, default=-1.0) if candidate.best_other is None else candidate.best_other
    least = MISSING_NEIGHBOUR if missing else LEAST_BACKGROUND
    return max(total / NEIGHBOURS, LEAST_BACKGROUND), max(best, least)


def number_conflict(pain: str, title: str) -> bool:
    """Whether title and (beginning of the) pain each hold a number that the other lacks."""
    in_title = set(_NUMBER.findall(title))
    in_pain = set(_NUMBER.findall(pain[:_NUMBERS_WITHIN]))
    return bool(in_title - in_pain) and bool(in_pain - in_title)
