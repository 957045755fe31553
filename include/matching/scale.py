"""Where a chance stands on the product's scale of confidence: the same for every fitted judge."""

from __future__ import annotations

from itertools import pairwise

SCALE = ((0.0, 0.0), (0.14, 0.5), (0.19, 0.7), (0.27, 0.8), (0.845, 0.9), (1.0, 1.0))


def chance_of(confidence: float) -> float:
    """The chance behind a confidence."""
    for (left, low), (right, high) in pairwise(SCALE):
        if confidence <= high:
            return left + (right - left) * (confidence - low) / (high - low)
    return 1.0


def confidence_of(chance: float) -> float:
    """The confidence of a chance."""
    for (left, low), (right, high) in pairwise(SCALE):
        if chance <= right:
            return low + (high - low) * (chance - left) / (right - left)
    return 1.0
