"""# Mark a request as shipped

Sets a request's status to shipped, once, and tells each of its followers in a direct message, once.

**Steps**

1. `ship_request` sets the status and writes one message for each follower into the ledger, in one
   transaction. Followers of requests that are merged into this one are among them. A request that
   has shipped already is a success; nobody is told.
2. `notify_followers` sends them in batches of 50, side by side through the pool `slack`. What a
   killed worker had sent is not sent again.
3. `report_outcome` returns `already_shipped`, `notified_count`, `total_followers`, and how many are
   `waiting_count`, `failed_count` or `unreachable_count` (no Slack account; the review channel is
   told their names).

**Parameters**: `{"request": "export-a-table-as-csv", "actor": {"slack_user_id": "U0ANN"}}`; the
request is a slug or the address of its page. With `"dry_run": true` it says how many it would tell
and changes nothing.

**Runs** when started by `/shipped` in Slack, by REST or the UI.

**A failure means**: `ship_request`: there is no such request, or it is merged into another; nothing
was changed. `notify_followers`: Slack is away; what could not be sent goes out with the next
`sweep_pending`. To undo it, run `reopen_request`.

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
def mark_shipped() -> None:
    @task
    def ship_request() -> list[dict[str, Any]]:
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

    batches = ship_request()
    notify_followers.expand(batch=batches) >> report_outcome()


mark_shipped()
