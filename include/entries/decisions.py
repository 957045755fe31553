"""The record of every routing decision, and the thresholds in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from include.entries.entry import no_such_entry
from include.matching.heard import HeardJudge
from include.matching.types import Thresholds
from include.store.models import Decision, Entry, ThresholdSet

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.orm import Session

    from include.matching.types import Candidate, Judge, Verdict

JUDGE_KEY = "concat_ws('/', d.judge, d.model, d.prompt_version)"
"""`judge_key` of a decision ``d``, as SQL."""


def record_decision(session: Session, *, key: str, **values: Any) -> int:
    """Store a decision once; a repeat with the same key returns the first one's id."""
    statement = (
        insert(Decision).values(key=key, **values).on_conflict_do_nothing().returning(Decision.id)
    )
    decision_id = session.scalar(statement)
    if decision_id is None:
        decision_id = session.scalars(select(Decision.id).where(Decision.key == key)).one()
    return decision_id


def find_decision(session: Session, key: str) -> Decision | None:
    """The decision with this key."""
    return session.scalars(select(Decision).where(Decision.key == key)).one_or_none()


def match_key(entry_id: int) -> str:
    """Key of the matcher's decision on an entry's first pain."""
    return f"match:{entry_id}:0"


def lock_with_decision(session: Session, entry_id: int) -> tuple[Entry, Decision | None]:
    """The entry, locked, and its match decision, in one statement."""
    found = session.execute(
        select(Entry, Decision)
        .outerjoin(Decision, Decision.key == match_key(entry_id))
        .where(Entry.id == entry_id)
        .with_for_update(of=Entry)
    ).one_or_none()
    if found is None:
        raise no_such_entry(entry_id)
    return found.Entry, found.Decision


def judge_key(judge: Judge, embedding_model: str) -> str:
    """Names a judge with its model: what one judge's 0.9 means says nothing about another's.

    For a language model it has the prompt version as well: another prompt is another judge.
    """
    if isinstance(judge, HeardJudge):
        return f"{judge.name}/{judge.model}/{judge.prompt_version}"
    return f"{judge.name}/{embedding_model}"


def judge_words(key: str) -> str:
    """A `judge_key` as a person reads it."""
    if not is_models(key):
        model = key.partition("/")[2]
        return "the judge without a language model" + (f" ({model})" if model else "")
    model, _, prompt_version = key.partition("/")[2].rpartition("/")
    return f"{model} with prompt {prompt_version}"


def is_models(key: str) -> bool:
    """Whether a judge's key names a language model."""
    return key.startswith(f"{HeardJudge.name}/")


def thresholds_for(
    session: Session, area_ids: Collection[int], judge: str | None = None
) -> Thresholds:
    """The newest thresholds of the areas; with several, the most careful; else the general ones.

    ``judge`` is a `judge_key`: its own thresholds count beside those for all judges, and the newest
    is in force. Without one only those for all count.
    """
    newest = session.scalars(
        select(ThresholdSet)
        .where(
            or_(ThresholdSet.area_id.in_(area_ids), ThresholdSet.area_id.is_(None)),
            or_(ThresholdSet.judge.is_(None), ThresholdSet.judge == judge),
        )
        .ext(distinct_on(ThresholdSet.area_id))
        .order_by(ThresholdSet.area_id, ThresholdSet.version.desc())
    ).all()
    of_areas = [row for row in newest if row.area_id is not None]
    chosen = max(of_areas or newest, key=lambda row: (row.attach, row.ask, row.version))
    return Thresholds(
        version=chosen.version,
        attach=chosen.attach,
        ask=chosen.ask,
        is_fitted=chosen.is_fitted,
    )


def candidate_record(
    candidates: Collection[Candidate],
    verdicts: Collection[Verdict],
    *,
    heard: HeardJudge | None = None,
    pain: str = "",
) -> list[dict[str, Any]]:
    """What was on the table, for the decision's row: ids, scores and confidences, no texts.

    Where a model was heard, also what it stated, what the judge without it finds (``searched``),
    and which candidates it was not asked about (``unheard``).
    """
    confidence = {verdict.request_id: verdict.confidence for verdict in verdicts}
    searched = {
        verdict.request_id: verdict.confidence
        for verdict in (heard.other.judge(pain, list(candidates)) if heard else ())
    }
    return [
        {
            "request_id": candidate.request_id,
            "status": str(candidate.status),
            "cosine": _rounded(candidate.cosine),
            "text_score": _rounded(candidate.text_score),
            "closeness": _rounded(candidate.closeness),
            "pieces": candidate.pieces,
            "nearest_piece": candidate.nearest_piece,
            "piece_cosine": _rounded(candidate.piece_cosine),
            "refused": _rounded(candidate.refused),
            "affirmed": _rounded(candidate.affirmed),
            "vector_rank": candidate.vector_rank,
            "text_rank": candidate.text_rank,
            "confidence": _rounded(confidence.get(candidate.request_id)),
        }
        | (_of_model(candidate.request_id, heard, searched) if heard else {})
        for candidate in candidates
    ]


def _of_model(request_id: int, heard: HeardJudge, searched: Mapping[int, float]) -> dict[str, Any]:
    said = heard.stated.get(request_id)
    return {
        "stated": _rounded(said.confidence if said else None),
        "searched": _rounded(searched.get(request_id)),
        "unheard": request_id not in heard.sent,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
