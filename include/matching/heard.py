"""A judge that has heard a model's verdict: confidences on the product's scale, and no call.

A model's own numbers mean something else for each model and each prompt. So they are fitted, like
cosines, on labelled entries: one file of `calibrations/judges` for each pair of model and prompt
version. A pair without one is believed to the point of asking a person, never to attach.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from include.base.errors import FatalError
from include.matching.calibration import Curve, file_name, parse_curve
from include.matching.scale import chance_of
from include.matching.types import REPORTED_FROM, MatchType, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.matching.types import Candidate, Judge

FOLDER = Path(__file__).parent / "calibrations" / "judges"
JUDGE_FEATURES = ("stated", "lead", "search")
"""stated: the model's confidence as log-odds. lead: how far it is above its best other one.
search: the calibrated judge's chance, as log-odds; it reads nothing and counts everything.
"""

NOT_SURE = 0.89
"""Most that is believed of an uncalibrated model, and of a candidate that the model left out."""

_MOST = 0.98


class StatedVerdict(Protocol):
    """What a model said of one candidate."""

    @property
    def request_id(self) -> int: ...

    @property
    def confidence(self) -> float: ...

    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, slots=True)
class HeardJudge:
    """Judges by what a model said, and by `other` what it was not asked about.

    Args:
        model: The chat model.
        prompt_version: Of the prompt it answered.
        sent: Ids of the candidates the model was asked about.
        stated: Its verdicts by request id.
        other: The calibrated judge: for requests opened since, and as one voice of the fit.
    """

    name: ClassVar[str] = "model"
    model: str
    prompt_version: str
    sent: frozenset[int]
    stated: Mapping[int, StatedVerdict]
    other: Judge

    @property
    def hold(self) -> str:
        """Why nothing may be attached without a person; empty for a calibrated pair."""
        if judge_curve(self.model, self.prompt_version) is not None:
            return ""
        return (
            f"The model {self.model} is not calibrated for prompt {self.prompt_version}, "
            "so a person decides."
        )

    def judge(self, pain: str, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Verdicts best first, nothing below 0.5."""
        by_search = {one.request_id: one for one in self.other.judge(pain, candidates)}
        searched = [
            by_search[one.request_id].confidence if one.request_id in by_search else 0.0
            for one in candidates
        ]
        confidences = self.confidences([one.request_id for one in candidates], searched)
        verdicts = []
        for candidate, confidence in zip(candidates, confidences, strict=True):
            said = self.stated.get(candidate.request_id)
            found = by_search.get(candidate.request_id)
            if confidence >= REPORTED_FROM:
                reason = (said and said.reason) or (found and found.reason) or ""
                verdicts.append(
                    Verdict(candidate.request_id, confidence, reason, MatchType.of(confidence))
                )
        return sorted(verdicts, key=lambda verdict: -verdict.confidence)

    def confidences(self, request_ids: Sequence[int], searched: Sequence[float]) -> list[float]:
        """The confidence of each candidate, from what was stated and the calibrated judge's."""
        curve = judge_curve(self.model, self.prompt_version)
        stated = [
            said.confidence if (said := self.stated.get(request_id)) else 0.0
            for request_id in request_ids
        ]
        if curve is None:
            fitted = [
                min(NOT_SURE, max(one, other)) for one, other in zip(stated, searched, strict=True)
            ]
        else:
            fitted = [curve.confidence(row) for row in judge_features(stated, searched)]
        return [self._believed(*three) for three in zip(request_ids, fitted, searched, strict=True)]

    def _believed(self, request_id: int, fitted: float, searched: float) -> float:
        if request_id not in self.sent:
            return searched
        return fitted if request_id in self.stated else min(NOT_SURE, fitted)


def judge_features(
    stated: Sequence[float], searched: Sequence[float]
) -> list[tuple[float, float, float]]:
    """`JUDGE_FEATURES` of each candidate, from what the model stated (0: left out)."""
    rows = []
    for place, (confidence, search) in enumerate(zip(stated, searched, strict=True)):
        best_other = max([0.0, *stated[:place], *stated[place + 1 :]])
        rows.append((_log_odds(confidence), confidence - best_other, _log_odds(chance_of(search))))
    return rows


def judge_file(model: str, prompt_version: str) -> Path:
    """Where the calibration of a pair is kept."""
    return FOLDER / f"{file_name(model)}--{file_name(prompt_version)}.json"


def parse_judge(content: Mapping[str, Any]) -> Curve:
    """A pair's curve from its JSON object.

    Raises:
        FatalError: A weight is missing or unknown, or the curve does not rise from 0 to 1.
    """
    try:
        return parse_curve(content["judge"], JUDGE_FEATURES)
    except (KeyError, TypeError, ValueError) as error:
        raise FatalError(f"This is not a calibration of a judge: {error!r}.") from error


@cache
def judge_curve(model: str, prompt_version: str) -> Curve | None:
    """The calibration shipped for a pair, None for one that nobody has fitted."""
    path = judge_file(model, prompt_version)
    if not path.is_file():
        return None
    return parse_judge(json.loads(path.read_text(encoding="utf-8")))


def _log_odds(confidence: float) -> float:
    inside = min(_MOST, max(1 - _MOST, confidence))
    return math.log(inside / (1 - inside))
