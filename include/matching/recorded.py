"""Candidates and verdicts as a decision's row keeps them: numbers that can be routed again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from include.matching.types import REPORTED_FROM, Candidate, MatchType, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class RecordedJudge:
    """Says again what was said of each request; the texts are not looked at."""

    name: ClassVar[str] = "recorded"
    confidences: Mapping[int, float]

    def judge(self, pain: str, candidates: Sequence[Candidate]) -> list[Verdict]:  # noqa: ARG002
        """Verdicts best first, nothing below 0.5."""
        found = [(self.confidences.get(one.request_id, 0.0), one) for one in candidates]
        return [
            Verdict(one.request_id, confidence, "", MatchType.of(confidence))
            for confidence, one in sorted(found, key=lambda pair: -pair[0])
            if confidence >= REPORTED_FROM
        ]


def recorded_candidate(row: Mapping[str, Any], title: str = "", description: str = "") -> Candidate:
    """A candidate of a decision's row, with the status it had then."""
    return Candidate(
        request_id=int(row["request_id"]),
        slug="",
        title=title,
        description=description,
        status=str(row.get("status") or "open"),
        cosine=row.get("cosine"),
        closeness=row.get("closeness"),
        refused=row.get("refused"),
        affirmed=row.get("affirmed"),
    )


def recorded_confidences(rows: Sequence[Mapping[str, Any]], name: str) -> dict[int, float]:
    """The number of that name of each candidate that has one, by request id."""
    return {int(row["request_id"]): float(row[name]) for row in rows if row.get(name) is not None}
