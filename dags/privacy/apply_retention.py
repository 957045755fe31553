"""# Apply the retention

Forgets what is older than the setting `retention` says: calls of Slack, texts of sent messages,
answers of language models, threads that were read, notes about runs, analytics events, what Slack
said about people, and the audit. What customers said stays until it is erased.

**Steps**: one, `forget`. It works in transactions of 2,000 rows and returns how many rows of each
kind it changed, or would change.

**Parameters**: `{"dry_run": false}`. With `dry_run`, which is the default, it only counts.

**Runs** daily at 03:30 UTC. A scheduled run only counts until the setting `apply_retention` is
`true`: look at its numbers first. A run of an Airflow user who is listed in `operators` does as
`dry_run` says.

**A failure means** that the starter is not listed, or that the database was away. What was
forgotten before stays forgotten; the next run goes on.

**Safe to retry, clear and re-run**: yes. Airflow's own history of runs is not touched: use
`airflow db clean`, as docs/operations.md shows.

**Owner**: privacy
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.retry import default_args


@dag(
    schedule="30 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    params={"dry_run": Param(True, type="boolean", description="Only count what is old.")},
    default_args=default_args("privacy"),
    max_active_runs=1,
    tags=["privacy"],
    doc_md=__doc__,
)
def apply_retention() -> None:
    @task(multiple_outputs=False)
    def forget() -> dict[str, Any]:
        from include.operations import privacy as steps

        context = get_current_context()
        run = context["dag_run"]
        return steps.apply_retention(
            dag_id=run.dag_id,
            run_id=run.run_id,
            started_by=run.triggering_user_name,
            dry_run=context["params"]["dry_run"],
        )

    forget()


apply_retention()
