"""What the tasks of the two Slack workflows call: one function a task, wired to connections."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.agents.extract import extract_feedback
from include.base.errors import FatalError, TransientError
from include.clients.language_model import find_agent
from include.engine.airflow_api import StartStatus, start_run
from include.entries import slack_capture as capture
from include.entries.submission import parse_submission
from include.entries.thread_reply import sync_emoji
from include.outbox.sender import deliver
from include.people.submitters import _queue_text, identify, queue_note, submitter_conf
from include.slack.call import NotReadable, call
from include.slack.client import slack_client
from include.slack.reading.thread import permalink, read_thread
from include.store.models import Message, PersonKind, SlackCapture
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

PROCESS = "process_customer_entry"


def read_message(conf: Mapping[str, Any], *, dag_id: str, run_id: str) -> int:
    """Show that work has begun, read the marked message with its thread; the capture's id.

    A message that cannot be read is refused with its reason; the run goes on to tell the person.
    """
    with session_scope() as session:
        opened = capture.open_capture(session, conf, dag_id=dag_id, run_id=run_id)
    client = slack_client()
    sync_emoji(session_scope, run_id=run_id, client=client)
    try:
        thread = read_thread(client, opened.channel, opened.message_ts)
        link = permalink(client, opened.channel, opened.message_ts)
        own_app = str(call(client.auth_test)["user_id"])
    except NotReadable as error:
        with session_scope() as session:
            capture.refuse(session, opened.id, error.code)
    else:
        with session_scope() as session:
            capture.keep_thread(session, opened.id, thread, link, own_app)
    return opened.id


def extract_pain(capture_id: int) -> bool:
    """Take the pain out of the thread; false when there is none."""
    with session_scope() as session:
        thread = capture.thread_of(session, capture_id)
    found = extract_feedback(thread)
    agent = find_agent() if found is not None else None
    if found is not None and agent is not None:
        from include.agents.thread import extract_with

        found = extract_with(agent, thread, found, key=f"thread:{capture_id}")
    with session_scope() as session:
        return capture.keep_extraction(session, capture_id, found)


def resolve_submitter(slack_user_id: str) -> dict[str, Any]:
    """Who the Slack user is: ``kind`` and, for a person of the own company, ``user_id``."""
    found = identify(slack_user_id)
    log.info("Slack user %s: %s, user %s", slack_user_id, found.kind, found.user_id)
    return {"kind": found.kind.value, "user_id": found.user_id}


def hand_over_capture(capture_id: int, who: Mapping[str, Any]) -> dict[str, Any]:
    """Start the entry's run with what was taken, or tell the person why nothing was."""
    with session_scope() as session:
        taken = capture.get_capture(session, capture_id, lock=True)
        if taken.refusal is None and who["kind"] == PersonKind.BOT:
            capture.refuse(session, capture_id, "bot")
        refused = taken.refusal
        conf = {} if refused else _capture_conf(session, taken, who)
        note = queue_note(session, taken.key, taken.slack_user_id, who)
    if refused:
        _tell_refused(f"refused:{taken.key}:{taken.run_id}", run_id=taken.run_id)
        return {"status": "refused", "reason": refused, "capture_id": capture_id}
    started = hand_over(conf, dag_id=taken.dag_id, run_id=taken.run_id)
    deliver([note])
    return started | {"capture_id": capture_id}


def hand_over_submission(
    conf: Mapping[str, Any], who: Mapping[str, Any], *, dag_id: str, run_id: str
) -> dict[str, Any]:
    """Start the entry's run with what a person filled in."""
    slack_user_id = str(conf["user"])
    if who["kind"] == PersonKind.BOT:
        return {"status": "refused", "reason": "bot"}
    links = list(conf.get("links") or [])
    place = conf.get("message") or {}
    if place.get("channel") and place.get("ts"):
        link = permalink(slack_client(), str(place["channel"]), str(place["ts"]))
        links = [link, *links] if link and link not in links else links
    with session_scope() as session:
        values = {
            "customer_pain": conf["customer_pain"],
            "severity": conf.get("severity"),
            "account_id": conf.get("account_id"),
            "opportunity_id": conf.get("opportunity_id"),
            "links": links,
            "source": "slack",
            "external_id": conf["external_id"],
            "submitter": submitter_conf(session, who["user_id"]),
        }
        note = queue_note(session, str(conf["external_id"]), slack_user_id, who)
    started = hand_over(values, dag_id=dag_id, run_id=run_id)
    deliver([note])
    return started


def hand_over(conf: dict[str, Any], *, dag_id: str, run_id: str) -> dict[str, Any]:
    """Start ``process_customer_entry`` under the same run id, once.

    Raises:
        FatalError: the values are not valid, or Airflow refuses them.
        TransientError: Airflow cannot start it now; try again.
    """
    parse_submission(conf)
    result = start_run(PROCESS, run_id, conf, note=f"Started by {dag_id}, run {run_id}.")
    if result.status is StartStatus.REFUSED:
        raise FatalError(result.reason or f"Airflow refused the input of {PROCESS}")
    if result.status is StartStatus.UNAVAILABLE:
        raise TransientError(result.reason or f"Airflow cannot start {PROCESS} now")
    log.info("Handed over to %s, run %s (%s)", PROCESS, run_id, result.status)
    return {"status": "handed_over", "dag_id": PROCESS, "run_id": run_id}


def note_capture_failure(*, dag_id: str, run_id: str) -> None:
    """Show on the message, and tell the person, that it could not be taken."""
    with session_scope() as session:
        message_id = capture.fail(session, dag_id, run_id)
    if message_id is not None:
        deliver([message_id])
        sync_emoji(session_scope, run_id=run_id)


def note_submission_failure(conf: Mapping[str, Any]) -> None:
    """Tell the person that what they filled in could not be taken."""
    user, key = str(conf.get("user") or ""), str(conf.get("external_id") or "")
    if not (user and key):
        return
    text = "I could not take the feedback you filled in just now. An operator can see why."
    with session_scope() as session:
        message_id = _queue_text(session, f"failed:{key}", user, text)
    deliver([message_id])


def _capture_conf(session: Session, taken: SlackCapture, who: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "customer_pain": taken.pain,
        "source": "slack",
        "external_id": taken.key,
        "links": [taken.permalink] if taken.permalink else [],
        "submitter": submitter_conf(session, who["user_id"]),
    }


def _tell_refused(key: str, *, run_id: str) -> None:
    with session_scope() as session:
        told = session.scalars(select(Message.id).where(Message.key == key)).all()
    deliver(told)
    sync_emoji(session_scope, run_id=run_id)
