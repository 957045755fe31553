"""From features to a confidence on the product's scale, by numbers fitted once per model.

A logistic function estimates the chance that a candidate is the same problem; a curve of straight
pieces then places the chance on the product's scale, where 0.80 is the point from which asking a
person costs less than opening a duplicate and 0.90 the point from which attaching is right often
enough. A confidence is therefore not a probability; the reliability table that
`python -m benchmarks.evaluate` prints says how often each range was right.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError
from include.matching.features import TEXT_FEATURES, VECTOR_FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).parent / "calibrations"
UNCALIBRATED = "uncalibrated"


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic function of features, placed on the scale by `points` of (chance, confidence)."""

    intercept: float
    weights: tuple[float, ...]
    points: tuple[tuple[float, float], ...]
    cap: float

    def chance(self, features: Sequence[float]) -> float:
        """The estimated chance, 0 to 1, that the candidate is the same problem."""
        pairs = zip(self.weights, features, strict=True)
        exponent = self.intercept + sum(weight * value for weight, value in pairs)
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, exponent))))

    def confidence(self, features: Sequence[float]) -> float:
        """The confidence on the product's scale, at most `cap`."""
        chance = self.chance(features)
        for (left, low), (right, high) in pairwise(self.points):
            if chance <= right:
                return min(self.cap, low + (high - low) * (chance - left) / (right - left))
        return min(self.cap, self.points[-1][1])


@dataclass(frozen=True, slots=True)
class Calibration:
    """The two curves of a model: with vectors, and by words alone."""

    model: str
    vector: Curve
    text: Curve

    @classmethod
    def for_model(cls, model: str) -> Calibration:
        """The calibration shipped for `model`, else the uncalibrated one, which never attaches."""
        path = FOLDER / f"{file_name(model)}.json"
        return _load(path if path.is_file() else FOLDER / f"{UNCALIBRATED}.json")


def file_name(model: str) -> str:
    """The stem of the calibration file of a model: its name, with `/` and the like as `-`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model).strip(".-") or UNCALIBRATED


def parse(content: dict[str, Any]) -> Calibration:
    """A calibration from its JSON object.

    Raises:
        FatalError: A weight is missing or unknown, or a curve does not rise from 0 to 1.
    """
    try:
        return Calibration(
            model=str(content["model"]),
            vector=parse_curve(content["vector"], VECTOR_FEATURES),
            text=parse_curve(content["text"], TEXT_FEATURES),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FatalError(f"This is not a calibration: {error!r}.") from error


@cache
def _load(path: Path) -> Calibration:
    return parse(json.loads(path.read_text(encoding="utf-8")))


def parse_curve(content: dict[str, Any], names: tuple[str, ...]) -> Curve:
    """A curve from its JSON object; ValueError or KeyError when it is none."""
    weights = content["weights"]
    if set(weights) != set(names):
        raise ValueError(f"weights must be given for {', '.join(names)} and nothing else")
    points = tuple((float(chance), float(confidence)) for chance, confidence in content["scale"])
    chances, confidences = zip(*points, strict=True)
    rising = all(left < right for left, right in pairwise(chances))
    if (
        chances[0] != 0
        or chances[-1] != 1
        or not rising
        or list(confidences) != sorted(confidences)
    ):
        raise ValueError("scale must rise from chance 0 to chance 1")
    if not 0 <= confidences[0] <= confidences[-1] <= 1:
        raise ValueError("scale must stay between the confidences 0 and 1")
    return Curve(
        intercept=float(content["intercept"]),
        weights=tuple(float(weights[name]) for name in names),
        points=points,
        cap=float(content["cap"]),
    )
