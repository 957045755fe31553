"""What the tasks of the request DAGs call: one function a task, wired to connections."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.base.connections import EMBEDDINGS_API, get_connection
from include.base.settings import load_settings
from include.clients.embeddings import embedder_from, judge_for, other_embedder
from include.clients.language_model import find_agent
from include.outbox.effects import sweep
from include.outbox.events import AnalyticsEvents, record_event
from include.outbox.http_sinks import WEB_APP, post_json
from include.outbox.sender import deliver
from include.requests import announcing, related, vectors
from include.store.models import Request
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

WEB_CACHE_PATH = "/api/revalidate"


def begin_new_request(reference: str, *, dag_id: str, run_id: str) -> dict[str, Any]:
    """Find the request and begin its sleep; id and slug."""
    sleep = timedelta(minutes=load_settings().new_request_sleep_minutes)
    with session_scope() as session:
        request_id, slug = announcing.begin(
            session, reference, dag_id=dag_id, run_id=run_id, sleep=sleep
        )
    return {"request_id": request_id, "request": slug}


def tell_web_cache(slug: str) -> str:
    """Tell the web app that its pages of this request are old; ``told``, or why it was not."""
    body = {"tags": ["requests", f"request:{slug}"]}
    skipped = post_json(WEB_APP, WEB_CACHE_PATH, body, idempotency_key=f"opened-{slug}")
    if skipped:
        log.info("Web cache skipped: %s", skipped)
    return skipped or "told"


def record_opened(request_id: int) -> str:
    """Record the event, and hand waiting events to the sink if there is one."""
    with session_scope() as session:
        outcome = announcing.note_opened(session, request_id)
    sweep(AnalyticsEvents(), 1000)
    return outcome


def relate_request(request_id: int, *, run_id: str) -> dict[str, int]:
    """Link the request with what it is close to; how many links are new and known."""
    embedder = embedder_from(get_connection(EMBEDDINGS_API))
    judge = judge_for(embedder.model)
    with session_scope() as session:
        request = session.get(Request, request_id)
        if request is None:
            return {"new": 0, "known": 0, "dismissed": 0}
        found = related.neighbours(session, request, model=embedder.model, judge=judge)
        return related.save_pairs(
            session, found, model=embedder.model, judge=judge, found_by=f"new_request/{run_id}"
        )


def embed_request(request_id: int) -> str:
    """Store the vectors of the request's own text; ``stored``, ``current`` or ``deleted``."""
    embedder = embedder_from(get_connection(EMBEDDINGS_API))
    stored = vectors.store_vector(session_scope, request_id, embedder)
    other = other_embedder(embedder)
    if other is not None and vectors.store_vector(session_scope, request_id, other) == "stored":
        return "stored"
    return stored


def post_firehose(request_id: int) -> dict[str, int]:
    """Post to the areas' channels; how many there are and how many posts went out."""
    with session_scope() as session:
        facts = announcing.opened_facts(session, request_id)
    agent = find_agent() if facts is not None else None
    words = None
    if facts is not None and agent is not None:
        from include.agents.compose import compose

        occasion = "a new feature request was opened out of what a customer said"
        words = compose(agent, occasion, facts, key=f"firehose:{request_id}")
    with session_scope() as session:
        message_ids = announcing.queue_firehose(session, request_id, words)
    return {"channels": len(message_ids), "sent": deliver(message_ids).done}


def end_new_request(
    request_id: int, waited: Mapping[str, Any], *, run_id: str, steps: Mapping[str, Any]
) -> dict[str, Any]:
    """Remind the creator if that is due; the run's result."""
    with session_scope() as session:
        result, message_ids = announcing.after_sleep(session, request_id, waited)
        record_event(
            session,
            f"new_request:{run_id}",
            "new_request_ended",
            request_id=request_id,
            outcome=result["outcome"],
        )
    deliver(message_ids)
    ended = {name: "not done" if value is None else value for name, value in steps.items()}
    return result | {"steps": ended}
