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

NEIGHBOURS = 5
VECTOR_FEATURES = (
    "cosine",
    "above_background",
    "margin",
    "name_conflict",
    "number_conflict",
    "log_size",
)
TEXT_FEATURES = ("pain_share", "title_share", "lead")

_WORD = re.compile(r"[^\W_](?:[\w.+#'\u2019-]*[^\W_])?")
_NUMBER = re.compile(r"\d+(?:[.:]\d+)*")
_INNER_CAPITAL = re.compile(r"[a-z][A-Z]|^[A-Z]{2,}")
_NUMBERS_WITHIN = 300


def vector_features(pain: str, candidates: Sequence[Candidate]) -> list[tuple[float, ...]]:
    """`VECTOR_FEATURES` of each candidate; one without a cosine counts as unrelated (0).

    cosine: closeness itself. above_background: cosine minus the mean of the second to sixth
    nearest. margin: cosine minus the best other. name_conflict: the title names things (as
    "GitHub") and the pain none of them. number_conflict: title and pain each hold a number (a
    version, a ticket) that the other lacks. log_size: logarithm of the number of requests, within
    the sizes that were fitted, for among many requests a near one is found by chance.
    """
    cosines = [candidate.cosine or 0.0 for candidate in candidates]
    background, floor, size = _surroundings(candidates)
    return [
        (
            cosine,
            cosine - background,
            cosine - max([floor, *cosines[:place], *cosines[place + 1 :]]),
            float(name_conflict(pain, candidate.title)),
            float(number_conflict(pain, candidate.title)),
            size,
        )
        for place, (cosine, candidate) in enumerate(zip(cosines, candidates, strict=True))
    ]


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


def _surroundings(candidates: Sequence[Candidate]) -> tuple[float, float, float]:
    """Background mean, the least the best other counts, and log of the number of requests."""
    if not candidates:
        return MISSING_NEIGHBOUR, MISSING_NEIGHBOUR, math.log(40)
    first = candidates[0]
    present = min(first.background_size, NEIGHBOURS)
    missing = NEIGHBOURS - present
    total = (first.background_mean or 0.0) * present + MISSING_NEIGHBOUR * missing
    floor = MISSING_NEIGHBOUR if missing else -1.0
    return total / NEIGHBOURS, floor, math.log(min(max(first.corpus_size, 40), 2500))


def name_conflict(pain: str, title: str) -> bool:
    """Whether the title names things and the pain mentions none of them."""
    lowered = pain.lower()
    named = names(title)
    return bool(named) and not any(name in lowered or name.rstrip("s") in lowered for name in named)


def names(title: str) -> set[str]:
    """Lower-cased words of a title that look like names: capitals inside, or past the first word.

    In a title that capitalises most words only capitals inside a word say anything.
    """
    words = _WORD.findall(title)
    lettered = [word for word in words if word[0].isalpha()]
    capitalised = [word for word in words if word[0].isupper()]
    headline = len(lettered) > 2 and len(capitalised) > 0.6 * len(lettered)
    return {
        word.lower()
        for place, word in enumerate(words)
        if _INNER_CAPITAL.search(word)
        or (not headline and place > 0 and word[0].isupper() and len(word) > 2)
    }


def number_conflict(pain: str, title: str) -> bool:
    """Whether title and (beginning of the) pain each hold a number that the other lacks."""
    in_title = set(_NUMBER.findall(title))
    in_pain = set(_NUMBER.findall(pain[:_NUMBERS_WITHIN]))
    return bool(in_title - in_pain) and bool(in_pain - in_title)
