"""What the task of ``learn_from_answers`` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.base.settings import load_settings
from include.entries.learning import propose
from include.entries.proposal_cards import queue_cards
from include.matching.judge import CalibratedJudge
from include.outbox.sender import deliver
from include.store.models import ThresholdProposal
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from include.matching.types import Candidate
    from include.store.models import Entry


def propose_thresholds(as_of: datetime, *, quiet: bool = False) -> dict[str, Any]:
    """Store the proposals of a moment and show them in Slack; the run's result.

    ``quiet`` shows none: a run about a day of the past looks and asks nobody.
    """
    ids = propose(session_scope, as_of, judge_of=_judge)
    with session_scope() as session:
        messages = [] if quiet else queue_cards(session, ids)
        found = [session.get_one(ThresholdProposal, one) for one in ids]
        result = [
            {
                "proposal_id": one.id,
                "area_id": one.area_id,
                "judge": one.judge,
                "state": one.state.value,
                "attach": one.attach,
                "ask": one.ask,
                "labels": one.labels,
                "precision": one.precision,
            }
            for one in found
        ]
    deliver(messages, review_channel=load_settings().review_channel)
    return {"as_of": as_of.isoformat(), "proposals": result}


def _judge(entry: Entry, _: Sequence[Candidate]) -> CalibratedJudge:
    return CalibratedJudge(entry.embedding_model or "")
