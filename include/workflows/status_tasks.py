"""The tasks that ``mark_shipped`` and ``reopen_request`` share: change a status, tell followers."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, get_current_context, task

from include.engine.params import REQUEST_PARAM, params_of
from include.people.person import Acting

STATUS_PARAMS = {
    "request": REQUEST_PARAM,
    **params_of(Acting),
    "dry_run": Param(False, type="boolean", description="Only say whom it would tell."),
}


def note_failure(context: Any) -> None:
    """Tell whoever asked that the change failed, when its task has failed for good."""
    from include.workflows import mark_shipped as shipping_steps

    run = context["dag_run"]
    shipping_steps.note_failure(
        context["params"],
        dag_id=run.dag_id,
        run_id=run.run_id,
        started_by=run.triggering_user_name,
        error=context.get("exception"),
    )


@task(on_failure_callback=note_failure)
def change_status() -> list[dict[str, Any]]:
    from include.workflows import mark_shipped as shipping_steps

    context = get_current_context()
    run = context["dag_run"]
    return shipping_steps.change_status(
        context["params"],
        dag_id=run.dag_id,
        run_id=run.run_id,
        started_by=run.triggering_user_name,
    )


@task(
    pool="slack",
    multiple_outputs=False,
    map_index_template="{{ task.op_kwargs['batch']['label'] }}",
)
def notify_followers(batch: dict[str, Any]) -> dict[str, int]:
    from include.workflows import mark_shipped as shipping_steps

    ti = get_current_context()["ti"]
    return shipping_steps.send_batch(batch, is_last_try=ti.try_number > ti.max_tries)


@task(trigger_rule="none_failed", multiple_outputs=False)
def report_outcome() -> dict[str, Any]:
    from include.workflows import mark_shipped as shipping_steps

    context = get_current_context()
    run = context["dag_run"]
    return shipping_steps.report(
        context["params"],
        dag_id=run.dag_id,
        run_id=run.run_id,
        started_by=run.triggering_user_name,
    )


def change_and_tell(first_task: str) -> None:
    """Draw the order: the first task sets the status, batches of messages, the result."""
    batches = change_status.override(task_id=first_task)()
    notify_followers.expand(batch=batches) >> report_outcome()
