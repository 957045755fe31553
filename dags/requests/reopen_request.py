"""# Reopen a request

Undoes `mark_shipped`: the request is open again, and those who were told that it shipped are told
so, once.

**Steps**

1. `set_open` sets the status and writes one message for each person whom the last shipping had
   reached. Messages about the shipping that have not gone out are held back. A request that is
   open is a success; nobody is told.
2. `notify_followers` sends them in batches of 50 through the pool `slack`.
3. `report_outcome` returns `already_open`, `notified_count`, `total_followers` (those who had been
   told), `waiting_count` and `failed_count`.

**Parameters**: `{"request": "export-a-table-as-csv", "actor": {"slack_user_id": "U0ANN"}}`. With
`"dry_run": true` it says whom it would tell and changes nothing.

**Runs** when started by REST or the UI.

**A failure means**: `set_open`: there is no such request; nothing was changed.
`notify_followers`: Slack is away; what could not be sent goes out with the next `sweep_pending`.

**Safe to retry, to clear and to re-run**: yes.

**Owner**: requests
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.dag_params import ACTOR_PARAM, REQUEST_PARAM
from include.retry import default_args


@dag(
    schedule=None,
    catchup=False,
    params={
        "request": REQUEST_PARAM,
        "actor": ACTOR_PARAM,
        "dry_run": Param(False, type="boolean", description="Only say whom it would tell."),
    },
    default_args=default_args("requests"),
    max_active_runs=16,
    tags=["requests"],
    doc_md=__doc__,
)
def reopen_request() -> None:
    @task
    def set_open() -> list[dict[str, Any]]:
        from include.requests import shipping_steps

        context = get_current_context()
        ti = context["ti"]
        return shipping_steps.change_status(context["params"], dag_id=ti.dag_id, run_id=ti.run_id)

    @task(
        pool="slack",
        multiple_outputs=False,
        map_index_template="{{ task.op_kwargs['batch']['label'] }}",
    )
    def notify_followers(batch: dict[str, Any]) -> dict[str, int]:
        from include.requests import shipping_steps

        ti = get_current_context()["ti"]
        return shipping_steps.send_batch(batch, is_last_try=ti.try_number > ti.max_tries)

    @task(trigger_rule="none_failed", multiple_outputs=False)
    def report_outcome() -> dict[str, Any]:
        from include.requests import shipping_steps

        ti = get_current_context()["ti"]
        return shipping_steps.report(dag_id=ti.dag_id, run_id=ti.run_id)

    batches = set_open()
    notify_followers.expand(batch=batches) >> report_outcome()


reopen_request()
