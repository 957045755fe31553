"""# Find all related feedback

Sweeps the requests for near-duplicates and related ones and stores them as links with a confidence
and a reason. It never merges: that is a person's decision, on a card in Slack or by
`merge_requests`.

**Steps**

1. `plan_pass` takes the next requests after the watermark, in batches.
2. `judge_batch`, mapped, a label each: for each request the ten nearest from the indexes are
   judged; 0.9 and more is a `duplicate`, 0.7 and more is `related`. A pair that a person dismissed
   never comes back. One batch failing does not stop the others.
3. `finish_pass` moves the watermark, asks in the review channel about the ten surest
   near-duplicates that nobody was asked about (Merge, Not the same, and Undo afterwards), and
   returns how many requests were looked at, how many links are `new`, `known` or `dismissed`, how
   many pairs were `asked` about, in a dry run with `examples`.

**Parameters**: `{"dry_run": false, "limit": 5000}`. A dry run (the default) stores nothing and
moves no watermark; the weekly run of the schedule stores. `restart` begins at the first request and
resets the count of failures.

**Runs** Sundays at 04:00 UTC, and by hand.

**A failure means** a batch failed; the links of the others are stored, and the next pass begins
where this one began. After three failed passes in a row it stops itself until it is run with
`{"restart": true}`.

**Safe to retry, to clear and to re-run**: yes; a pair is one row.

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
