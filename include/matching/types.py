"""The small typed values a match is made of, and the two protocols at its edges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


REPORTED_FROM = 0.5
"""A judge keeps to itself every verdict less confident than this."""


class RequestStatus(StrEnum):
    """Where a feature request stands."""

    OPEN = "open"
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    SHIPPED = "shipped"
    DEPRIORITIZED = "deprioritized"


UNDELIVERED = (RequestStatus.OPEN, RequestStatus.PLANNED, RequestStatus.IN_PROGRESS)
"""What customers still wait for: planned work counts as open until it ships."""


class MatchType(StrEnum):
    """How a confidence reads in words; the scale is the product's and the same for every judge."""

    SAME_ISSUE = "same_issue"
    STRONG = "strong"
    RELATED = "related"
    WEAK = "weak"

    @classmethod
    def of(cls, confidence: float) -> MatchType:
        """The word for a confidence: 0.9 same issue, 0.8 strong, 0.7 related, below that weak."""
        if confidence >= 0.9:
            return cls.SAME_ISSUE
        if confidence >= 0.8:
            return cls.STRONG
        if confidence >= 0.7:
            return cls.RELATED
        return cls.WEAK


class Route(StrEnum):
    """What happens to a pain. ``set_aside`` is a person's word (*Not feedback*), no matcher's."""

    ATTACH = "attach"
    ASK = "ask"
    CREATE = "create"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One request that may be what the customer means, with what the search knows about it.

    `cosine` and `vector_rank` are None when the search ran without a vector or the request has none
    of this model. `text_points` orders the text matches; `text_score` is the share (0 to 1) of the
    pain's words, weighted by rarity, that the request contains, and `title_score` the share of the
    title's words that the pain contains. `shared_words` are stems, the rarest first.

    `closeness` is how near the request is with all that was attached to it: the mean of the cosine
    to the sum of its text and its feedback, and of the highest cosine to any one of them; without
    feedback it is the cosine. `pieces` is how much feedback that is, `nearest_piece` the id of the
    nearest short one, `piece_cosine` its cosine, and `nearer_pieces` how many short ones are nearer
    than the request's own text. `agreement` is high where the texts that are nearest to the pain
    are many and all this request's (0 without feedback).

    `best_other` and `background_mean` are the highest and the mean closeness of the five nearest
    other requests, of which there were `background_size`; a merged request is no other one.
    `corpus_size` is the number of requests searched.

    `refused` and `affirmed` are the highest cosines to what people took off this request, or
    declined to add to it, and to what they put on it (None without any, and unless it is among the
    nearest few).
    """

    request_id: int
    slug: str
    title: str
    description: str
    status: str = RequestStatus.OPEN
    area_ids: tuple[int, ...] = ()
    cosine: float | None = None
    vector_rank: int | None = None
    text_score: float | None = None
    text_rank: int | None = None
    title_score: float | None = None
    text_points: float | None = None
    shared_words: tuple[str, ...] = ()
    closeness: float | None = None
    pieces: int = 0
    nearer_pieces: int = 0
    agreement: float = 0.0
    nearest_piece: int | None = None
    piece_cosine: float | None = None
    best_other: float | None = None
    background_mean: float | None = None
    background_size: int = 0
    corpus_size: int = 0
    refused: float | None = None
    affirmed: float | None = None

    @property
    def is_doubted(self) -> bool:
        """Whether what people took off it is nearer than its own text and what they put on it."""
        if self.refused is None:
            return False
        return self.refused > max(self.cosine or -1.0, self.affirmed or -1.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's opinion on one candidate: confidence from 0 to 1 and one sentence saying why."""

    request_id: int
    confidence: float
    reason: str
    match_type: MatchType

    def __post_init__(self) -> None:
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"A confidence lies between 0 and 1, not at {self.confidence!r}.")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which confidence a pain is attached or asked about; decisions store the version.

    ``is_fitted``: fitted to people's answers on the judge they are used for.
    """

    version: int
    attach: float = 0.90
    ask: float = 0.80
    is_fitted: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.attach) and 0.0 < self.ask <= self.attach <= 1.0):
            raise ValueError(
                f"Thresholds must satisfy 0 < ask <= attach <= 1, not ask={self.ask!r} "
                f"and attach={self.attach!r}."
            )
        if self.version < 0:
            raise ValueError(f"A thresholds version counts from 0, not from {self.version}.")


@dataclass(frozen=True, slots=True)
class RoutedMatch:
    """The routing decision: what to do, about which verdict, and why in one sentence."""

    route: Route
    best: Verdict | None
    reason: str


class Embedder(Protocol):
    """Turns texts into vectors of one size. Errors: `FatalError` or `EmbeddingsUnavailable`."""

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: list[str]) -> list[list[float]]:
        """One vector for each text, in order."""
        ...


class Judge(Protocol):
    """Says how likely each candidate is the same problem as the pain.

    ``name`` is the word that rows of decisions and links keep; it outlives the class's name.
    """

    name: ClassVar[str]

    def judge(self, pain: str, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Verdicts best first; only ids of `candidates`, nothing below `REPORTED_FROM`."""
        ...


@dataclass(frozen=True, slots=True)
class FoundRequest:
    """A request that answers a search; ``confidence`` is on the product's scale, 0.5 to 1.

    A guess (``is_guess``) is only the nearest there is: its confidence is 0. ``customers`` counts
    the accounts with feedback on it.
    """

    id: int
    slug: str
    title: str
    status: str
    confidence: float
    reason: str
    is_guess: bool = False
    customers: int = 0
