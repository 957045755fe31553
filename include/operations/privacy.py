"""What the tasks of ``erase_person``, ``erase_account`` and ``apply_retention`` call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.base.settings import load_settings
from include.operations.erasure import erase
from include.operations.retention import forget_old
from include.people.actor import Action, NotAllowed, demand
from include.people.audit import write_down
from include.people.signed_in import run_actor
from include.store.session import session_scope

if TYPE_CHECKING:
    from include.people.actor import Actor

WHAT = {"erase_person": "person", "erase_account": "account"}


def erase_for_run(
    who: str, *, dag_id: str, run_id: str, started_by: str | None, dry_run: bool
) -> dict[str, Any]:
    """Erase for the Airflow user who started the run, if the setting ``operators`` lists them.

    Raises:
        NotAllowed: it does not.
        FatalError: there is nothing to erase by this name.
    """
    actor = _operator(dag_id, run_id, started_by)
    return erase(WHAT[dag_id], who, actor, dry_run=dry_run)


def apply_retention(
    *, dag_id: str, run_id: str, started_by: str | None, dry_run: bool
) -> dict[str, Any]:
    """Forget what is old, or count it; a scheduled run forgets if ``apply_retention`` is set.

    Raises:
        NotAllowed: somebody started it who is not listed in ``operators``.
    """
    if started_by is None:
        dry_run = not load_settings().apply_retention
    actor = _operator(dag_id, run_id, started_by) if started_by is not None else None
    rows = forget_old(session_scope, dry_run=dry_run)
    if actor is not None and not dry_run:
        with session_scope() as session:
            write_down(session, actor, Action.ERASE, "retention:all", **rows)
    return {"applied": not dry_run, "rows": rows}


def _operator(dag_id: str, run_id: str, started_by: str | None) -> Actor:
    with session_scope() as session:
        actor = run_actor(session, None, dag_id=dag_id, run_id=run_id, started_by=started_by)
        try:
            demand(session, actor, Action.ERASE)
        except NotAllowed:
            raise NotAllowed(
                f"{started_by or 'a run that nobody started'} may not erase: name the Airflow user "
                "in the setting 'operators', or use python -m include.operations"
            ) from None
    return actor
