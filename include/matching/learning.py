"""What people's answers say about the confidence of one deployment: an offset and a slope.

The shipped scale was fitted on other texts. Answers move it, and nothing else: the log-odds of a
chance become offset + slope times themselves. A prior that is tight around "no change" keeps a few
answers, or one person who approves everything, from moving it far. Weights are not learned again;
that was measured and is worse (`docs/matching.md`).

Two things are learned. To attach, the best candidate has to be right. To ask, one of the requests
that are shown has to fit: an answer that picks the third one says that the first was wrong and that
the question was worth it.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.matching.scale import chance_of, confidence_of

if TYPE_CHECKING:
    from collections.abc import Sequence

OFFSET_DEVIATION, SLOPE_DEVIATION = 1.0, 0.2
"""Standard deviations of the prior around offset 0 and slope 1."""

EXPECTED_PRECISION = 0.955
"""What is attached by itself must be right this often, as far as the answers say."""

HIDES = 1.25
"""What a duplicate costs in all, in its own cost: later entries find it and not the original.

Measured on streams of entries: with costs of 2 and 1, asking pays where a shown request fits with a
chance of 0.4.
"""

LEAST_LABELS = 20
"""Fewer answers propose nothing."""

MOST_OF_ONE = 0.5
"""One person's answers count at most as much as those of all others together."""

LEAST_CHANCE = 0.5
"""Whatever people answer, nothing is attached that the shipped scale finds more likely wrong."""

SUREST = 0.99
"""A threshold above this would attach only what repeats a request word for word."""

RUNNING = 20
"""So many of the newest answers in the range that would be attached must not speak against it."""

AUDITED = 0.05
"""Share of sure matches that people are asked about, unless a deployment says otherwise."""

NEVER = 1.0
"""The attach threshold of a deployment or area in which nothing is attached by itself."""

_MOST = 8.0


@dataclass(frozen=True, slots=True)
class Costs:
    """What the ends of an entry's way cost a deployment; only their ratios matter."""

    wrong: float = 5.0
    duplicate: float = 2.0
    question: float = 1.0

    @property
    def ask_from(self) -> float:
        """Chance that a shown request fits from which asking costs less than the duplicate."""
        return min(1.0, self.question / (self.duplicate * HIDES))

    @property
    def attach_from(self) -> float:
        """Chance from which the wrong attachment that it may be costs less than a question."""
        return max(0.0, 1.0 - self.question / self.wrong)


@dataclass(frozen=True, slots=True)
class Label:
    """A verdict's confidence, whether people found it right, and who said so; oldest first.

    ``fits`` is whether the entry belongs to the best candidate or to another request that was there
    before it; what is right fits too.
    ``asked`` is whether they were asked. What they correct of their own accord is known only
    because it was wrong. ``lately`` is whether it is of the time that ``recent`` is about.
    """

    confidence: float
    right: bool
    by: str = ""
    asked: bool = True
    lately: bool = True
    fits: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """How the log-odds of a chance move in this deployment."""

    offset: float = 0.0
    slope: float = 1.0

    def chance(self, confidence: float) -> float:
        """The chance, as answered here, that a verdict of this confidence is right."""
        return _chance(self.offset + self.slope * _log_odds(chance_of(confidence)))

    def confidence_at(self, chance: float) -> float:
        """The confidence from which on a verdict has at least this chance here."""
        return confidence_of(_chance((_log_odds(chance) - self.offset) / self.slope))


FITS = Shift(1.34, 0.95)
"""From the chance that the best candidate is right to the chance that one of five shown fits.

Fitted on the streams of four labelled sets, each counting by the root of its size. On all four the
chance of one half stands at 0.20 of the best candidate's, with each left out in turn at 0.18, 0.19,
0.20 and 0.26.
"""


@dataclass(frozen=True, slots=True)
class Learned:
    """What would be proposed.

    ``shift`` is about the best candidate being right, ``fits`` about any that are shown.
    ``precision`` is the expected share of right ones among what would be attached, ``attached`` the
    share of the recent decisions that would be. ``attach`` is `NEVER` where the precision is out of
    reach; then ``why_not`` says so. ``most_by_one`` is the largest share of answers by one person.
    """

    shift: Shift
    labels: int
    attach: float
    ask: float
    precision: float | None
    attached: float
    most_by_one: float
    why_not: str = ""
    fits: Shift = FITS


def learned(
    labels: Sequence[Label],
    recent: Sequence[float],
    costs: Costs | None = None,
    audited: float = AUDITED,
) -> Learned | None:
    """Thresholds for what was answered, on the confidences of recent decisions.

    A way is chosen where it costs least. No costs let anything be attached below
    `EXPECTED_PRECISION`: that is a promise, not a price. None with fewer than `LEAST_LABELS`
    answers: the thresholds in force then stay. ``audited`` is the share of sure matches that people
    are asked about.
    """
    if len(labels) < LEAST_LABELS:
        return None
    shift = fit(labels, audited)
    costs = costs or Costs()
    attach, precision, why_not = _attach_from(shift, labels, recent, costs.attach_from)
    fits = fit_of_any(labels, audited)
    ask = min(max(0.5, fits.confidence_at(costs.ask_from)), attach)
    attached = sum(one >= attach for one in recent) / len(recent) if recent else 0.0
    counts = Counter(label.by for label in labels)
    most = counts.most_common(1)[0][1] / len(labels)
    return Learned(shift, len(labels), attach, ask, precision, attached, most, why_not, fits)


def fit(labels: Sequence[Label], audited: float = AUDITED) -> Shift:
    """What the labels say about the best candidate being right."""
    return _fitted(labels, [label.right for label in labels], Shift(), audited)


def fit_of_any(labels: Sequence[Label], audited: float = AUDITED) -> Shift:
    """What the labels say about any of the shown requests fitting."""
    return _fitted(labels, [label.right or label.fits for label in labels], FITS, audited)


def _fitted(labels: Sequence[Label], said: Sequence[bool], prior: Shift, audited: float) -> Shift:
    """Offset and slope with the highest posterior probability, by Newton's method."""
    weights = _weights(labels, audited)
    log_odds = [_log_odds(chance_of(label.confidence)) for label in labels]
    points = list(zip(log_odds, map(float, said), strict=True))
    offset, slope = prior.offset, prior.slope
    tight = (OFFSET_DEVIATION**-2, SLOPE_DEVIATION**-2)
    for _ in range(30):
        g0, g1 = (prior.offset - offset) * tight[0], (prior.slope - slope) * tight[1]
        h00, h01, h11 = tight[0], 0.0, tight[1]
        for (x, right), weight in zip(points, weights, strict=True):
            p = _chance(offset + slope * x)
            g0 += weight * (right - p)
            g1 += weight * (right - p) * x
            curve = weight * p * (1 - p)
            h00, h01, h11 = h00 + curve, h01 + curve * x, h11 + curve * x * x
        size = h00 * h11 - h01 * h01
        offset += (h11 * g0 - h01 * g1) / size
        slope += (h00 * g1 - h01 * g0) / size
    return Shift(offset, max(0.1, slope))


def _weights(labels: Sequence[Label], audited: float) -> list[float]:
    """1 for an answer, less for a correction; no person counts for more than all others together.

    Wrong attachments are corrected, right ones are heard of only when they are audited. Weighed
    alike, they would say that far more is wrong than is.
    """
    weights = [1.0 if label.asked else audited for label in labels]
    sums = dict.fromkeys((label.by for label in labels), 0.0)
    for label, weight in zip(labels, weights, strict=True):
        sums[label.by] += weight
    name, most = max(sums.items(), key=lambda one: one[1])
    others = sum(weights) - most
    if len(sums) == 1 or most <= MOST_OF_ONE * sum(weights):
        return weights
    return [
        weight * others / most if label.by == name else weight
        for label, weight in zip(labels, weights, strict=True)
    ]


def _attach_from(
    shift: Shift, labels: Sequence[Label], recent: Sequence[float], least: float
) -> tuple[float, float | None, str]:
    """The lowest confidence from which the expected precision holds, each chance ``least``."""
    floor = confidence_of(LEAST_CHANCE)
    ranked = sorted((one for one in recent if one >= floor), reverse=True)
    best: tuple[float, float] | None = None
    total = 0.0
    for count, confidence in enumerate(ranked, start=1):
        chance = shift.chance(confidence)
        total += chance
        if chance < least or total < EXPECTED_PRECISION * count:
            break
        if count == len(ranked) or ranked[count] < confidence:
            best = (confidence, total / count)
    if best is None:  # nothing so sure came lately; from where on would it be?
        needed = max(least, EXPECTED_PRECISION)
        best = (max(floor, shift.confidence_at(needed)), needed)
    if best[0] > SUREST:
        return NEVER, None, "no range of confidence is expected to be right 19 times in 20"
    against = _against(best[0], labels, recent)
    return (NEVER, None, against) if against else (best[0], best[1], "")


def _against(attach: float, labels: Sequence[Label], recent: Sequence[float]) -> str:
    """What speaks against attaching from there on; empty when nothing does.

    Answers to questions show the precision. Corrections show only how much is wrong at least, so
    they are compared with all that would be attached.
    """
    sure = [label for label in labels if label.confidence >= attach]
    tried = [label.right for label in sure if label.asked][-RUNNING:]
    if _is_unlikely(sum(tried), len(tried)):
        return (
            f"only {sum(tried)} of the newest {len(tried)} answers in the range that would be "
            "attached were right"
        )
    wrong = sum(not (label.asked or label.right) and label.lately for label in sure)
    count = max(wrong, sum(one >= attach for one in recent))
    if _is_unlikely(count - wrong, count):
        return f"people took off {wrong} of the newest {count} that would be attached"
    return ""


def _is_unlikely(right: int, count: int) -> bool:
    """Whether so few would be right less than once in 20 times at a precision of 0.95."""
    fewer = sum(_binomial(wrong, count) for wrong in range(count - right))
    return 1.0 - fewer < 0.05


def _binomial(wrong: int, count: int) -> float:
    """The probability of just so many wrong ones of a count, at a precision of 0.95."""
    ways = math.lgamma(count + 1) - math.lgamma(wrong + 1) - math.lgamma(count - wrong + 1)
    return math.exp(ways + wrong * math.log(0.05) + (count - wrong) * math.log(0.95))


def _chance(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-_MOST, min(_MOST, log_odds))))


def _log_odds(chance: float) -> float:
    inside = min(_chance(_MOST), max(_chance(-_MOST), chance))
    return math.log(inside / (1 - inside))
