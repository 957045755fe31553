"""What the tasks of ``find_all_related_feedback`` call: one function a task."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from include.base.connections import EMBEDDINGS_API, get_connection
from include.clients.embeddings import embedder_from, judge_for
from include.clients.language_model import find_agent
from include.outbox.sender import deliver
from include.requests import merge_questions, sweep_related
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def plan_related(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ranges of requests that this pass looks at."""
    with session_scope() as session:
        return sweep_related.plan_pass(
            session,
            batch_size=int(values["batch_size"]),
            limit=int(values["limit"]),
            restart=bool(values["restart"]),
            dry_run=bool(values["dry_run"]),
        )


def judge_related(
    values: Mapping[str, Any], batch: Mapping[str, Any], *, run_id: str
) -> dict[str, Any]:
    """Find, judge and store the pairs of one range."""
    model = embedder_from(get_connection(EMBEDDINGS_API)).model
    agent = find_agent()
    review = None
    if agent is not None:
        from include.requests.related_review import review_pairs

        review = partial(review_pairs, agent=agent)
    return sweep_related.judge_batch(
        session_scope,
        dict(batch),
        model=model,
        judge=judge_for(model),
        dry_run=bool(values["dry_run"]),
        run_id=f"find_all_related_feedback/{run_id}",
        review=review,
    )


def finish_related(
    values: Mapping[str, Any], results: Sequence[dict[str, Any] | None], planned: int
) -> dict[str, Any]:
    """Move the watermark, and ask about the surest near-duplicates; the run's result."""
    done = [result for result in results if result is not None]
    dry_run = bool(values["dry_run"])
    with session_scope() as session:
        result = sweep_related.finish_pass(
            session, done, failed=planned - len(done), dry_run=dry_run
        )
        message_ids = [] if dry_run else merge_questions.queue_questions(session)
    deliver(message_ids)
    return result | {"asked": len(message_ids)}
