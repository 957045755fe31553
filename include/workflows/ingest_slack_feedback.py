"""What the tasks of the two Slack workflows call: one function a task, wired to connections."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.agents.extract import extract_feedback
from include.base.errors import FatalError, TransientError
from include.clients.language_model import find_agent
from include.engine.airflow_api import StartStatus, start_run
from include.engine.dag_ids import MAIN_DAG
from include.entries import slack_capture as capture
from include.entries.entry import get_entry
from include.entries.store import claim, idempotency_key, store
from include.entries.submission import form_of, parse_submission
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


def read_message(conf: Mapping[str, Any], *, dag_id: str, run_id: str) -> int:
    """Show that work has begun, read the marked message with its thread; the capture's id.

    A message that cannot be read is refused with its reason; the run goes on to tell the person.
    """
    with session_scope() as session:
        opened = capture.open_capture(session, conf, dag_id=dag_id, run_id=run_id)
        is_stored = capture.entry_of(session, opened) is not None
    client = slack_client()
    sync_emoji(session_scope, run_id=run_id, client=client)
    if is_stored:
        return opened.id
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
        if capture.entry_of(session, capture.get_capture(session, capture_id)) is not None:
            return True
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
    """Store what was taken and start the entry's run, or tell the person why nothing was."""
    with session_scope() as session:
        taken = capture.get_capture(session, capture_id, lock=True)
        if taken.refusal is None and who["kind"] == PersonKind.BOT:
            capture.refuse(session, capture_id, "bot")
        refused = taken.refusal
        entry_id = 0 if refused else _store_capture(session, taken, who)
        note = queue_note(session, taken.key, taken.slack_user_id, who)
    if refused:
        _tell_refused(f"refused:{taken.key}:{taken.run_id}", run_id=taken.run_id)
        return {"status": "refused", "reason": refused, "capture_id": capture_id}
    started = hand_over(entry_id, dag_id=taken.dag_id, run_id=taken.run_id)
    deliver([note])
    return started | {"capture_id": capture_id}


def store_submission(conf: Mapping[str, Any], *, dag_id: str, run_id: str) -> int:
    """The entry of what was filled in; the relay has stored it, unless the run has the fields.

    Raises:
        FatalError: a field is missing or wrong.
    """
    if conf.get("entry_id") is not None:
        return int(conf["entry_id"])
    submission = parse_submission(form_of(conf))
    key = idempotency_key(submission, dag_id, run_id)
    with session_scope() as session:
        [stored] = store(session, [(key, submission)], dag_id=dag_id, run_id=run_id)
    return stored.entry_id


def hand_over_submission(
    conf: Mapping[str, Any], who: Mapping[str, Any], *, dag_id: str, run_id: str
) -> dict[str, Any]:
    """Note who filled it in, and start the entry's run; a bot's entry is not kept."""
    entry_id = store_submission(conf, dag_id=dag_id, run_id=run_id)
    place = conf.get("message") or {}
    link = None
    if place.get("channel") and place.get("ts"):
        link = permalink(slack_client(), str(place["channel"]), str(place["ts"]))
    with session_scope() as session:
        entry = get_entry(session, entry_id, lock=True)
        is_ours = (entry.dag_id, entry.run_id) == (dag_id, run_id)
        if is_ours and who["kind"] == PersonKind.BOT:
            session.delete(entry)
            return {"status": "refused", "reason": "bot"}
        if is_ours:
            entry.submitter_id, entry.dag_id = who["user_id"], MAIN_DAG
            entry.links = [link, *entry.links] if link and link not in entry.links else entry.links
        note = queue_note(session, str(conf["external_id"]), str(conf["user"]), who)
    if link and is_ours:
        _mark(entry.external_id or "", conf, run_id)
    started = hand_over(entry_id, dag_id=dag_id, run_id=run_id)
    deliver([note])
    return started


def _mark(key: str, conf: Mapping[str, Any], run_id: str) -> None:
    """Leave the mark on the message that the emoji would leave, where the app may speak."""
    client, channel = slack_client(), str(conf["message"]["channel"])
    try:
        found = call(lambda: client.conversations_info(channel=channel))["channel"]
    except NotReadable as error:
        log.info("No mark on the message: %s", error.code)
        return
    if not found.get("is_member"):
        return
    values = {
        "channel": channel,
        "message_ts": str(conf["message"]["ts"]),
        "user": conf["user"],
        "is_internal": found.get("is_ext_shared") is False,
    }
    with session_scope() as session:
        capture.open_capture(session, values, dag_id=MAIN_DAG, run_id=run_id, key=key)
    sync_emoji(session_scope, run_id=run_id, client=client)


def hand_over(entry_id: int, *, dag_id: str, run_id: str) -> dict[str, Any]:
    """Start ``process_customer_entry`` for a stored entry under the same run id, once.

    Raises:
        FatalError: Airflow refuses it.
        TransientError: Airflow cannot start it now; try again.
    """
    conf = {"entry_id": entry_id}
    result = start_run(MAIN_DAG, run_id, conf, note=f"Started by {dag_id}, run {run_id}.")
    if result.status is StartStatus.REFUSED:
        raise FatalError(result.reason or f"Airflow refused the input of {MAIN_DAG}")
    if result.status is StartStatus.UNAVAILABLE:
        raise TransientError(result.reason or f"Airflow cannot start {MAIN_DAG} now")
    log.info("Entry %s handed over to %s, run %s", entry_id, MAIN_DAG, run_id)
    return {"status": "handed_over", "dag_id": MAIN_DAG, "run_id": run_id, "entry_id": entry_id}


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


def _store_capture(session: Session, taken: SlackCapture, who: Mapping[str, Any]) -> int:
    """The entry of a captured message; from then on it alone holds the words."""
    entry_id = capture.entry_of(session, taken)
    if entry_id is not None:
        claim(session, [entry_id], dag_id=MAIN_DAG, run_id=taken.run_id)
    else:
        submission = parse_submission(
            {
                "customer_pain": taken.pain,
                "source": "slack",
                "external_id": taken.key,
                "links": [taken.permalink] if taken.permalink else [],
                "submitter": submitter_conf(session, who["user_id"]),
            }
        )
        key = idempotency_key(submission, MAIN_DAG, taken.run_id)
        [stored] = store(session, [(key, submission)], dag_id=MAIN_DAG, run_id=taken.run_id)
        entry_id = stored.entry_id
    capture.forget_words(taken)
    return entry_id


def _tell_refused(key: str, *, run_id: str) -> None:
    with session_scope() as session:
        told = session.scalars(select(Message.id).where(Message.key == key)).all()
    deliver(told)
    sync_emoji(session_scope, run_id=run_id)
