"""The sweep over all requests for near-duplicates: in batches, by a watermark, stopping itself.

Each request is looked at with its ten nearest from the indexes, never with all others. The
watermark says up to which request a pass got; a pass that was interrupted goes on there, the next
one begins again at the first.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from include.base.errors import FatalError
from include.requests.related import Pair, neighbours, save_pairs
from include.store.models import Request, RequestMerge, RequestStatus, Watermark

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from include.matching.types import Judge
    from include.store.session import SessionScope

    Review = Callable[[SessionScope, Mapping[int, Sequence[Pair]]], list[Pair]]

log = logging.getLogger(__name__)

NAME = "find_all_related_feedback"
MOST_FAILURES = 3
"""After so many failed passes in a row it stops itself until somebody runs it with ``restart``."""

EXAMPLES = 20
_AT_ONCE = 25


def plan_pass(
    session: Session, *, batch_size: int, limit: int, restart: bool, dry_run: bool
) -> list[dict[str, Any]]:
    """The next requests to look at, as labelled ranges of ids; at the end it begins anew.

    Raises:
        FatalError: the last three passes failed; ``restart`` lets it try again.
    """
    mark = _mark(session)
    if restart and not dry_run:
        mark.failures, mark.position = 0, 0
    if mark.failures >= MOST_FAILURES and not restart:
        raise FatalError(
            f"the last {mark.failures} passes failed, so it stopped itself. Read the log of the "
            'failed run, mend the cause, and start it with {"restart": true}'
        )
    after = 0 if restart else mark.position
    ids = _ids(session, after, limit)
    if not ids and after:
        ids = _ids(session, 0, limit)
        if not dry_run:
            mark.position = 0
    total = len(ids)
    return [
        {
            "label": f"{start + 1} to {min(start + batch_size, total)} of {total}",
            "first": ids[start],
            "last": ids[min(start + batch_size, total) - 1],
        }
        for start in range(0, total, batch_size)
    ]


def judge_batch(
    scope: SessionScope,
    batch: dict[str, Any],
    *,
    model: str,
    judge: Judge,
    dry_run: bool,
    run_id: str,
    review: Review | None = None,
) -> dict[str, Any]:
    """Find and judge the pairs of a range of requests; store them unless it is a dry run.

    ``review`` may change what the judge said of a request's pairs, or leave pairs out; no
    transaction is open meanwhile.
    """
    result: dict[str, Any] = {"requests": 0, "pairs": 0, "new": 0, "known": 0, "dismissed": 0}
    examples: list[dict[str, Any]] = []
    with scope() as session:
        ids = session.scalars(_open(int(batch["first"]) - 1, int(batch["last"]))).all()
    for start in range(0, len(ids), _AT_ONCE):
        with scope() as session:
            requests = session.scalars(
                select(Request).where(Request.id.in_(ids[start : start + _AT_ONCE]))
            ).all()
            near = {
                request.id: neighbours(session, request, model=model, judge=judge)
                for request in requests
            }
        found = [one for pairs in near.values() for one in pairs]
        if review is not None:
            found = review(scope, near)
        with scope() as session:
            result["requests"] += len(requests)
            result["pairs"] += len(found)
            if dry_run:
                examples += [_example(session, pair) for pair in found[: EXAMPLES - len(examples)]]
                continue
            counts = save_pairs(session, found, model=model, judge=judge, found_by=run_id)
            for name, count in counts.items():
                result[name] += count
    return result | {"last": int(batch["last"]), "examples": examples}


def finish_pass(
    session: Session, results: list[dict[str, Any]], *, failed: int, dry_run: bool
) -> dict[str, Any]:
    """Move the watermark and count a failure; the run's result."""
    sums = {
        name: sum(int(result[name]) for result in results)
        for name in ("requests", "pairs", "new", "known", "dismissed")
    }
    examples = [example for result in results for example in result["examples"]][:EXAMPLES]
    mark = _mark(session)
    if not dry_run:
        mark.failures = mark.failures + 1 if failed else 0
        if not failed and results:
            mark.position = max(int(result["last"]) for result in results)
    return {
        **sums,
        "dry_run": dry_run,
        "failed_batches": failed,
        "watermark": mark.position,
        "complete": not failed and not _ids(session, mark.position, 1),
        "examples": examples,
    }


def _example(session: Session, pair: Pair) -> dict[str, Any]:
    slugs = dict(
        session.execute(
            select(Request.id, Request.slug).where(Request.id.in_((pair.low_id, pair.high_id)))
        ).all()
    )
    return {
        "pair": [slugs.get(pair.low_id), slugs.get(pair.high_id)],
        "kind": str(pair.kind),
        "confidence": round(pair.confidence, 3),
        "reason": pair.reason,
    }


def _mark(session: Session) -> Watermark:
    session.execute(insert(Watermark).values(name=NAME).on_conflict_do_nothing())
    return session.get_one(Watermark, NAME, with_for_update=True)


def _ids(session: Session, after: int, limit: int) -> list[int]:
    return list(session.scalars(_open(after).limit(limit)))


def _open(after: int, last: int | None = None) -> Any:
    merged = (
        select(RequestMerge.id)
        .where(RequestMerge.request_id == Request.id, RequestMerge.undone_at.is_(None))
        .exists()
    )
    statement = select(Request.id).where(
        Request.id > after, Request.status != RequestStatus.DEPRIORITIZED, ~merged
    )
    if last is not None:
        statement = statement.where(Request.id <= last)
    return statement.order_by(Request.id)
