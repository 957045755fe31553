"""Figures over judged entries: ranking, routing, cost, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from include.matching.types import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WRONG_ATTACHMENT, DUPLICATE, QUESTION = 5.0, 2.0, 1.0
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one entry. `rank`: place of the first right candidate, from 1."""

    known: bool
    rank: int | None
    confidence: float
    right: bool
    route: Route

    @property
    def wrongly_attached(self) -> bool:
        """Attached to a request it does not belong to."""
        return self.route is Route.ATTACH and not self.right

    @property
    def duplicated(self) -> bool:
        """Became a new request although it belongs to one."""
        return self.route is Route.CREATE and self.known

    @property
    def cost(self) -> float:
        """5 for a wrong attachment, 2 for a duplicate, 1 for a question."""
        if self.wrongly_attached:
            return WRONG_ATTACHMENT
        if self.duplicated:
            return DUPLICATE
        return QUESTION if self.route is Route.ASK else 0.0


Outcomes = "Sequence[Outcome]"


def recall_at(k: int) -> Callable[[Outcomes], float]:
    """Share of the known entries with a right candidate among the first k."""
    return lambda rows: _mean(
        [float(row.rank is not None and row.rank <= k) for row in _known(rows)]
    )


def mrr(rows: Outcomes) -> float:
    """Mean reciprocal rank over the known entries."""
    return _mean([1.0 / row.rank if row.rank else 0.0 for row in _known(rows)])


def attach_precision(rows: Outcomes) -> float:
    """Share of the automatic attachments that were right."""
    return _mean([float(row.right) for row in rows if row.route is Route.ATTACH])


def attach_coverage(rows: Outcomes) -> float:
    """Share of the known entries that were attached rightly."""
    return _mean([float(row.route is Route.ATTACH and row.right) for row in _known(rows)])


def false_attachments(rows: Outcomes) -> float:
    """Share of the new entries that were attached to something."""
    return _mean([float(row.route is Route.ATTACH) for row in rows if not row.known])


def duplicates(rows: Outcomes) -> float:
    """Share of the known entries that became a second request."""
    return _mean([float(row.duplicated) for row in _known(rows)])


def questions(rows: Outcomes) -> float:
    """Questions asked per 100 entries."""
    return 100.0 * _mean([float(row.route is Route.ASK) for row in rows])


def cost(rows: Outcomes) -> float:
    """Mean cost of an entry; asking about each would cost 1."""
    return _mean([row.cost for row in rows])


def coverage_at_precision(rows: Outcomes, precision: float = 0.95) -> float:
    """The most known entries (share) one threshold on confidence could attach this precisely."""
    ranked = sorted(rows, key=lambda row: -row.confidence)
    best = right = 0
    for place, row in enumerate(ranked, start=1):
        right += row.right
        last_of_ties = place == len(ranked) or ranked[place].confidence < row.confidence
        if last_of_ties and right >= precision * place:
            best = right
    known = len(_known(rows))
    return best / known if known else float("nan")


def known_new_auc(rows: Outcomes) -> float:
    """Area under the curve of the best confidence as a test for known against new."""
    return auc([row.confidence for row in rows], [row.known for row in rows])


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Chance that a positive scores above a negative, ties counting half (Mann and Whitney)."""
    positive = np.asarray(labels, dtype=bool)
    if positive.all() or not positive.any():
        return float("nan")
    _, inverse, counts = np.unique(np.asarray(scores), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    n, m = positive.sum(), (~positive).sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2.0) / (n * m))


FIGURES: dict[str, Callable[[Outcomes], float]] = {
    "recall@1": recall_at(1),
    "recall@5": recall_at(5),
    "recall@10": recall_at(10),
    "MRR": mrr,
    "attached: precision": attach_precision,
    "attached: coverage of the matchable": attach_coverage,
    "new entries attached (share)": false_attachments,
    "duplicates created (share of the matchable)": duplicates,
    "questions per 100 entries": questions,
    "cost per entry": cost,
    "coverage at 95 % precision": coverage_at_precision,
    "area under known/new": known_new_auc,
}


def interval(
    figure: Callable[[Outcomes], float], rows: Outcomes, *, seed: int = 7
) -> tuple[float, float]:
    """95 % bootstrap interval (percentiles, entries resampled)."""
    random = np.random.default_rng(seed)
    values = []
    for _ in range(RESAMPLES):
        chosen = random.integers(0, len(rows), len(rows))
        values.append(figure([rows[place] for place in chosen]))
    finite = [value for value in values if not np.isnan(value)]
    if not finite:
        return float("nan"), float("nan")
    low, high = np.percentile(finite, [2.5, 97.5])
    return float(low), float(high)


def reliability(rows: Outcomes) -> list[tuple[str, int, float, float]]:
    """For each range of confidence: label, entries with their best in it, share right, known."""
    edges = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.01)
    table = []
    for low, high in pairwise(edges):
        inside = [row for row in rows if low <= row.confidence < high]
        label = f"{low:.2f} to {min(high, 1.0):.2f}"
        right = _mean([float(row.right) for row in inside])
        table.append((label, len(inside), right, _mean([float(row.known) for row in inside])))
    return table


def _known(rows: Outcomes) -> list[Outcome]:
    return [row for row in rows if row.known]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
