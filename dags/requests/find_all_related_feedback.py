"""# Find all related feedback

Looks through all requests for near-duplicates and related ones, and stores each pair as a link with
a confidence and a reason. It never merges two requests. A person decides that, on a card in Slack
or with `merge_requests`.

**Steps**

1. `plan_pass` takes the next requests after the watermark and splits them into batches.
2. `judge_batch`, mapped over the batches, judges each request's ten nearest neighbours. From 0.9 on
   a pair is a `duplicate`, from 0.7 on it is `related`. A pair that a person dismissed never comes
   back. A batch that fails does not stop the others.
3. `finish_pass` moves the watermark. It asks in the review channel about the ten surest
   near-duplicates that nobody has been asked about (*Merge*, *Not the same*, and *Undo*
   afterwards). It returns how many requests it looked at, how many links are `new`, `known` or
   `dismissed`, and how many pairs it `asked` about. A dry run also returns `examples`.

**Parameters**: `{"dry_run": false, "limit": 5000}`. A dry run, the default, stores nothing and does
not move the watermark. The weekly run does store. `restart` begins again at the first request and
resets the count of failures.

**Runs** on Sundays at 04:00 UTC, and by hand.

**A failure means** a batch failed. The links of the others are stored, and the next pass starts
where this one started. After three failed passes in a row the DAG stops itself, until you run it
with `{"restart": true}`.

**Safe to retry, clear and re-run**: yes. A pair is one row.

**Owner**: requests
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.retry import default_args


def params_of(context: Any) -> dict[str, Any]:
    """The run's parameters; a scheduled run is no dry run."""
    scheduled = str(context["dag_run"].run_type).endswith("scheduled")
    return dict(context["params"]) | ({"dry_run": False} if scheduled else {})


@dag(
    schedule="0 4 * * 0",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "dry_run": Param(True, type="boolean", description="Only show what it would link."),
        "limit": Param(100_000, type="integer", minimum=1, maximum=1_000_000),
        "batch_size": Param(1_000, type="integer", minimum=1, maximum=10_000),
        "restart": Param(False, type="boolean", description="Begin at the first request."),
    },
    default_args=default_args("requests"),
    tags=["requests"],
    doc_md=__doc__,
)
def find_all_related_feedback() -> None:
    @task
    def plan_pass() -> list[dict[str, Any]]:
        from include.workflows import find_all_related_feedback as steps

        return steps.plan_related(params_of(get_current_context()))

    @task(multiple_outputs=False, map_index_template="{{ task.op_kwargs['batch']['label'] }}")
    def judge_batch(batch: dict[str, Any]) -> dict[str, Any]:
        from include.workflows import find_all_related_feedback as steps

        context = get_current_context()
        return steps.judge_related(params_of(context), batch, run_id=context["ti"].run_id)

    @task(multiple_outputs=False, trigger_rule="all_done")
    def finish_pass(judged: Any) -> dict[str, Any]:
        from include.workflows import find_all_related_feedback as steps

        context = get_current_context()
        ti = context["ti"]
        planned = ti.xcom_pull(task_ids="plan_pass")
        if planned is None:
            raise RuntimeError("plan_pass failed; its log says why")
        # Only of the batches that did not fail.
        return steps.finish_related(params_of(context), list(judged or ()), len(planned))

    finish_pass(judge_batch.expand(batch=plan_pass()))


find_all_related_feedback()
