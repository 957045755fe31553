"""What the tasks of ``mark_shipped``, ``reopen_request`` and ``merge_requests`` call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError
from include.base.settings import load_settings
from include.people.actor import Action, demand
from include.people.audit import write_down
from include.people.signed_in import run_actor
from include.requests import merging, related, shipping
from include.requests.ship_preview import tell_who_asked
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping


def change_status(
    values: Mapping[str, Any], *, dag_id: str, run_id: str, started_by: str | None
) -> list[dict[str, Any]]:
    """Ship or reopen, as the DAG says; the batches of messages to send."""
    change = {shipping.SHIP: shipping.ship, shipping.REOPEN: shipping.reopen}[dag_id]
    with session_scope() as session:
        actor = run_actor(
            session, values.get("actor"), dag_id=dag_id, run_id=run_id, started_by=started_by
        )
        demand(session, actor, Action.SHIP)
        return change(
            session,
            values["request"],
            actor,
            run_id=run_id,
            dry_run=bool(values.get("dry_run")),
        )


def send_batch(batch: Mapping[str, Any], *, is_last_try: bool) -> dict[str, int]:
    """Send one batch of messages."""
    from include.outbox.sender import deliver

    def send(message_ids: list[int]) -> Any:
        return deliver(message_ids, review_channel=load_settings().review_channel)

    return shipping.send_batch(batch["message_ids"], is_last_try=is_last_try, deliver=send)


def report(
    values: Mapping[str, Any], *, dag_id: str, run_id: str, started_by: str | None
) -> dict[str, Any]:
    """The run's result; whoever asked in Slack hears it."""
    with session_scope() as session:
        result = shipping.result_of(session, dag_id, run_id)
    _tell_who_asked(values, dag_id=dag_id, run_id=run_id, started_by=started_by)
    return result


def note_failure(
    values: Mapping[str, Any],
    *,
    dag_id: str,
    run_id: str,
    started_by: str | None,
    error: object,
) -> None:
    """Tell whoever asked in Slack to ship or reopen a request that it failed, and why."""
    said = str(error) if isinstance(error, FatalError) else "An operator can see why."
    _tell_who_asked(values, dag_id=dag_id, run_id=run_id, started_by=started_by, error=said)


def _tell_who_asked(
    values: Mapping[str, Any],
    *,
    dag_id: str,
    run_id: str,
    started_by: str | None,
    error: str = "",
) -> None:
    from include.outbox.sender import deliver

    with session_scope() as session:
        actor = run_actor(
            session,
            values.get("actor"),
            dag_id=dag_id,
            run_id=run_id,
            started_by=started_by,
        )
        message_id = tell_who_asked(session, actor, dag_id=dag_id, run_id=run_id, error=error)
    if message_id is not None:
        deliver([message_id])


def merge_requests(
    values: Mapping[str, Any], *, dag_id: str, run_id: str, started_by: str | None
) -> dict[str, Any]:
    """Merge, take a merge back (``undo``) or dismiss a pair; the run's result."""
    dry_run = bool(values.get("dry_run"))
    with session_scope() as session:
        actor = run_actor(
            session, values.get("actor"), dag_id=dag_id, run_id=run_id, started_by=started_by
        )
        action = Action.UNMERGE if values.get("undo") else Action.MERGE
        demand(session, actor, action)
        if not dry_run:
            write_down(session, actor, action, f"request:{values['request']}"[:200])
        if values.get("undo"):
            return merging.unmerge(session, values["request"], by=actor.label, dry_run=dry_run)
        into = values.get("into")
        if not into:
            raise FatalError("into is missing: name the other request")
        if values.get("dismiss"):
            return related.dismiss(
                session, values["request"], into, by=actor.label, dry_run=dry_run
            )
        return merging.merge(
            session,
            values["request"],
            into,
            by=actor.label,
            reason=str(values.get("reason") or ""),
            dry_run=dry_run,
        )
