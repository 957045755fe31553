"""# Weekly digest

Tells a Slack channel what customers said in the last week: how much, from whom and with which
ARR; which requests are rising, new, shipped, or wait for a decision; the open questions with their
age; how much was decided by people. With a chart. Every number is counted by the database.

**Steps**

1. `make_digest` counts the last week that is over at the run's logical date (Monday 09:00 to Monday
   09:00, New York) and stores it (table `digests`).
2. `post_digest` uploads the chart, posts the digest to the channel of the setting `digest_channel`,
   and each area's part to the area's own channel if the setting `digest_areas` names the area.
   Returns `{week, status, messages, chart}`.

**Parameters**: `dry_run` (default false) makes and stores the digest and posts nothing. Example:
`{"dry_run": true}`. To see one as a message without telling anybody, run it in the sandbox.

**Runs** on Mondays at 09:00 in New York, in summer and in winter, and by hand. A backfill stores
the digests of past weeks and posts none.

**A failure means** the week was not counted or not posted; clear the failed task. Slack being away
is no failure: the digest waits and the sweep sends it. When Slack does not take the chart, the
digest is posted without it.

**Safe to retry, to clear and to re-run**: yes. A week is posted once, whoever runs it how often,
and stays stored as it was posted.

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
