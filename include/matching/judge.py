"""The judge that needs no language model: calibrated scores of the search."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from include.base.text import comparable
from include.matching.calibration import Calibration
from include.matching.contradiction import ASKED_AT_MOST, contradiction
from include.matching.features import text_features, vector_features
from include.matching.language import language_of, reads
from include.matching.types import REPORTED_FROM, MatchType, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.matching.types import Candidate

NOT_READ = 0.79
"""Most that the vectors of a model are believed on a text in a language that it does not read."""

SAID_ALIKE = 0.5
"""Share of the pain's words, by rarity, that makes up for that."""

SAME_TEXT = 0.98
"""Confidence of a candidate whose title or text is, but for case and spaces, the pain itself."""

_WORD = re.compile(r"\w+")
_NAMED = 3
_CLOSENESS = {
    MatchType.SAME_ISSUE: "It says almost the same as this request",
    MatchType.STRONG: "It is clearly closer to this request than to most others",
    MatchType.RELATED: "It touches the subject of this request",
    MatchType.WEAK: "It is only loosely connected with this request",
}
_WORDS_ONLY = "Compared by words alone"
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True, slots=True)
class CalibratedJudge:
    """Judges by cosine beside its surroundings, or by shared words where there is no vector.

    Args:
        model: The embedding model the cosines come from; it decides the calibration.
        calibration: Instead of the one that ships for the model.
    """

    name: ClassVar[str] = "calibrated"
    model: str
    calibration: Calibration | None = None

    def judge(self, pain: str, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Verdicts best first, nothing below 0.5.

        Candidates without any cosine (embeddings were down, or nothing is embedded yet) are judged
        by words, never as high as 0.90. What the pain seems to contradict is at most a question,
        and so is what the model's language does not cover.
        """
        confidences = self.confidences(pain, candidates)
        by_words = not any(candidate.cosine is not None for candidate in candidates)
        verdicts = [
            _verdict(pain, candidate, confidence, by_words=by_words)
            for candidate, confidence in zip(candidates, confidences, strict=True)
            if confidence >= REPORTED_FROM
        ]
        return sorted(verdicts, key=lambda verdict: -verdict.confidence)

    def confidences(self, pain: str, candidates: Sequence[Candidate]) -> list[float]:
        """The confidence of every candidate, in their order, also those below 0.5."""
        calibration = self.calibration or Calibration.for_model(self.model)
        if not any(candidate.cosine is not None for candidate in candidates):
            return [calibration.text.confidence(row) for row in text_features(candidates)]
        curve = calibration.vector
        same_text = min(SAME_TEXT, curve.cap)
        is_read = reads(self.model, language_of(pain))
        return [
            max(
                min(curve.confidence(row), 1.0 if is_read else _believed(candidate)),
                same_text if _same(pain, candidate) else 0.0,
            )
            for row, candidate in zip(vector_features(pain, candidates), candidates, strict=True)
        ]


def _believed(candidate: Candidate) -> float:
    return ASKED_AT_MOST if (candidate.text_score or 0.0) >= SAID_ALIKE else NOT_READ


def _verdict(pain: str, candidate: Candidate, confidence: float, *, by_words: bool) -> Verdict:
    against = contradiction(pain, candidate.title) if confidence >= ASKED_AT_MOST else None
    if against is not None and not _same(pain, candidate):
        confidence, reason = ASKED_AT_MOST, against.reason
    else:
        reason = _reason(pain, candidate, confidence, by_words=by_words)
    return Verdict(candidate.request_id, confidence, reason, MatchType.of(confidence))


def _same(pain: str, candidate: Candidate) -> bool:
    said = _plain(pain)
    both = f"{candidate.title} {candidate.description}"
    texts = (candidate.title, candidate.description, both)
    return bool(said) and said in map(_plain, texts)


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(comparable(text)))


def _reason(pain: str, candidate: Candidate, confidence: float, *, by_words: bool) -> str:
    """One sentence: how close, and which telling words both use."""
    words = _spoken(pain, candidate.shared_words)
    shared = _listed(words)
    if by_words:
        return f"{_WORDS_ONLY}: both mention {shared}." if shared else f"{_WORDS_ONLY}."
    closeness = _CLOSENESS[MatchType.of(confidence)]
    if candidate.nearer_pieces:
        closeness = f"{closeness} and {_feedback(candidate.nearer_pieces)}"
    if shared:
        return f"{closeness}; both mention {shared}."
    return f"{closeness}, though in other words."


def _feedback(count: int) -> str:
    if count == 1:
        return "is close to a piece of feedback on it"
    number = _NUMBERS[count] if count < len(_NUMBERS) else "many"
    return f"is close to {number} pieces of feedback on it"


def _spoken(pain: str, stems: Sequence[str]) -> list[str]:
    """The pain's own words for the first few stems; stems that are no plain words are left out."""
    spoken: list[str] = []
    words = [word for word in _WORD.findall(pain) if not word.isdigit() and len(word) > 2]
    for stem in stems:
        root = stem if len(stem) < 4 else stem[:-1]
        found = next((word for word in words if word.lower().startswith(root)), None)
        if found and found.lower() not in spoken:
            spoken.append(found.lower())
        if len(spoken) == _NAMED:
            break
    return spoken


def _listed(words: Sequence[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
