"""``entries/<id>``: why an entry went where it went; ``runs``: the same from a run in Airflow."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import Response

from include.base import tracing
from include.engine import airflow_api
from include.entries.entry import get_entry
from include.entries.set_aside import press_restore
from include.entries.tokens import RESTORE, WITHDRAW, token_of
from include.entries.withdraw import press_withdraw
from include.operations.stuck import ALIVE, StuckEntry, run_again
from include.people.actor import Action, demand
from include.people.audit import write_down
from include.relay import background
from include.store.models import EntryStatus
from include.store.session import session_scope
from include.web.entry.queries import MOST, entry_of_run, read_entry, runs_entries
from include.web.forms import Sent, field, follow_up, plain
from include.web.guard import MAY_ANSWER, MAY_READ, OUR_FORM
from include.web.rendering import go_to, render
from include.web.visitor import Visiting

router = APIRouter()
LARGEST_ID = 2**63 - 1
After = Annotated[int, Query(ge=0, le=LARGEST_ID)]
EntryId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@router.get("/entries/{entry_id}", dependencies=[MAY_READ])
def entry_page(request: Request, visitor: Visiting, entry_id: EntryId) -> Response:
    """What became of an entry, and why."""
    with session_scope() as session:
        page = read_entry(session, entry_id)
    if page is None:
        raise HTTPException(404, f"There is no entry {entry_id}.")
    return render(
        request,
        "entry/page.html",
        title=f"Entry {entry_id}: why did this happen?",
        visitor=visitor,
        page=page,
        most=MOST,
        trace=tracing.trace_id(entry_id) if tracing.is_on() else None,
    )


@router.post("/entries/{entry_id}/restore", dependencies=[MAY_ANSWER, OUR_FORM])
def take_up(request: Request, visitor: Visiting, entry_id: EntryId) -> Response:
    """Take up an entry that was set aside."""
    with session_scope() as session:
        reply = press_restore(
            session, token=token_of(session, RESTORE, entry_id), actor=visitor.actor(session)
        )
        note = plain(session, reply.note) if reply.note else "Taken up. Its run is starting."
    follow_up(reply.message_ids)
    if reply.after is not None:
        background.submit(reply.after)
    return go_to(request, f"entries/{entry_id}", note)


@router.post("/entries/{entry_id}/withdraw", dependencies=[MAY_ANSWER, OUR_FORM])
def take_back(request: Request, visitor: Visiting, entry_id: EntryId) -> Response:
    """Say that an entry is no feedback."""
    with session_scope() as session:
        reply = press_withdraw(
            session, token=token_of(session, WITHDRAW, entry_id), actor=visitor.actor(session)
        )
        note = plain(session, reply.note) if reply.note else "Taken back. It can be restored."
    follow_up(reply.message_ids)
    return go_to(request, f"entries/{entry_id}", note)


@router.post("/entries/{entry_id}/go-on", dependencies=[MAY_ANSWER, OUR_FORM])
def go_on(request: Request, visitor: Visiting, entry_id: EntryId, form: Sent) -> Response:
    """Let the run of a stuck entry go on where it failed, or start it anew."""
    with session_scope() as session:
        actor = visitor.actor(session)
        demand(session, actor, Action.OPERATE)
        entry = get_entry(session, entry_id)
        write_down(session, actor, Action.OPERATE, f"entry:{entry_id}")
        run = (entry.dag_id, entry.run_id)
        is_done = entry.status == EntryStatus.DONE
    back = "health" if field(form, "back") == "health" else f"entries/{entry_id}"
    if is_done:
        return go_to(request, back, f"Entry {entry_id} has an outcome already.")
    state = airflow_api.run_state(*run)
    if state in ALIVE:
        return go_to(request, back, f"Its run is {state} already.")
    started = run_again(StuckEntry(entry_id, *run, state, None))
    words = "Its run goes on." if started else "Its run has nothing left to do."
    return go_to(request, back, words)


@router.get("/runs", dependencies=[MAY_READ])
def run_page(
    request: Request, visitor: Visiting, dag_id: str = "", run_id: str = "", after: After = 0
) -> Response:
    """The entry that a run carries out; the tab *Entry* stands on the runs of every DAG."""
    with session_scope() as session:
        found, following = entry_of_run(session, dag_id, run_id, after)
        rows = runs_entries(session, found) if len(found) > 1 or after else []
    if len(found) == 1 and not after:
        return go_to(request, f"entries/{found[0]}")
    return render(
        request,
        "entry/run.html",
        title="Entries of this run",
        visitor=visitor,
        dag_id=dag_id,
        run_id=run_id,
        rows=rows,
        following=following,
    )
