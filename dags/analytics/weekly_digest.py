"""# Weekly digest

Tells a Slack channel what customers said in the last week: how much, from whom, with how much ARR;
which requests are rising, new or shipped, and which wait for a decision; the open questions with
their age; and how much people decided. With a chart. The database counts every number.

**Steps**

1. `make_digest` counts the last full week before the run's logical date (Monday 09:00 to Monday
   09:00, New York) and stores it in the table `digests`.
2. `post_digest` uploads the chart and posts the digest to the channel in the setting
   `digest_channel`. If the setting `digest_areas` names areas, their own channels get their part.
   Returns `{week, status, messages, chart}`.

**Parameters**: `dry_run` (default false) makes and stores the digest and posts nothing. Example:
`{"dry_run": true}`. In the sandbox, `python -m sandbox.preview_digest` shows it as a message.

**Runs** on Mondays at 09:00 in New York, summer and winter, and by hand. A backfill stores the
digests of past weeks and posts none of them.

**A failure means** the week was not counted or not posted. Clear the failed task. It is no failure
if Slack is down: the digest waits and the sweep sends it. If Slack does not take the chart, the
digest goes out without it.

**Safe to retry, clear and re-run**: yes. A week is posted once, however often it runs, and stays
stored as it was posted.

**Owner**: analytics
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from include.engine.assets import DIGESTS, FEEDBACK, REQUESTS
from include.engine.retry import default_args


@dag(
    schedule=CronTriggerTimetable("0 9 * * MON", timezone="America/New_York"),
    # Without a start_date the first run is next Monday's, not one of the week before the install.
    catchup=False,
    max_active_runs=4,
    params={
        "dry_run": Param(
            False, type="boolean", description="Make and store the digest, post nothing."
        )
    },
    default_args=default_args("analytics"),
    tags=["analytics", "slack"],
    doc_md=__doc__,
)
def weekly_digest() -> None:
    @task(inlets=[REQUESTS, FEEDBACK], outlets=[DIGESTS])
    def make_digest() -> str:
        from include.workflows import weekly_digest as digests

        context = get_current_context()
        run = context["dag_run"]
        week = digests.make(run.logical_date or run.run_after, run_id=run.run_id)
        context["outlet_events"][DIGESTS].extra = {"week": week}
        return week

    @task(multiple_outputs=False)
    def post_digest(week: str) -> dict[str, Any]:
        from include.workflows import weekly_digest as digests

        context = get_current_context()
        ti = context["ti"]
        is_last_try = ti.try_number > ti.max_tries
        return digests.post(week, dry_run=context["params"]["dry_run"], is_last_try=is_last_try)

    post_digest(make_digest())


weekly_digest()
