"""# Learn thresholds from people's answers

Fits how far this deployment's confidence is off, from what people answered, and proposes thresholds
under which 19 of 20 automatic attachments are right. It changes nothing: an approver accepts or
declines each proposal on its card in the review channel, and can take an accepted one back.

**Steps**: `propose_thresholds` reads every answer that was known on the run's day (questions
answered, attachments undone, feedback moved, entries set aside, requests merged), fits an offset
and a slope under a tight prior, replays the last month with the proposed thresholds, stores the
proposal and posts its card. It does so for each judge (the calibrated one, or a language model with
its prompt) from the answers on that judge alone: for the deployment, and for each area with 50
answers of its own. Where 19 in 20 is out of reach, it proposes to ask instead of attaching, and
says why.

**Parameters**: `{"quiet": true}` stores proposals and posts no card; use it for a backfill.

**Result**: `as_of`, and each proposal with its judge, thresholds, number of answers and expected
precision. With fewer than 20 answers, or without a change worth a question, nothing is proposed.

**Runs** on Mondays at 06:00 UTC. By hand at any time, and as of any past week:

```shell
airflow backfill create --dag-id learn_from_answers --from-date 2026-10-01 --to-date 2026-11-01
```

Add `--dag-run-conf '{"quiet": true}'` so that no cards are posted.

**A failure means** the database is not there, or Slack's card could not be queued. No threshold was
changed.

**Safe to retry, clear and re-run**: yes. A proposal and its card exist once for a moment.

**Owner**: matching
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, Param, dag, get_current_context, task

from include.engine.retry import default_args


@dag(
    schedule=CronDataIntervalTimetable("0 6 * * 1", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={"quiet": Param(False, type="boolean", description="Store, and post no card.")},
    default_args=default_args("matching") | {"execution_timeout": timedelta(hours=1)},
    tags=["utilities"],
    doc_md=__doc__,
)
def learn_from_answers() -> None:
    @task(multiple_outputs=False)
    def propose_thresholds() -> dict[str, Any]:
        from include.workflows import learn_from_answers as steps

        context = get_current_context()
        run = context["dag_run"]
        as_of = run.data_interval_end or run.run_after
        return steps.propose_thresholds(as_of, quiet=bool(context["params"].get("quiet")))

    propose_thresholds()


learn_from_answers()
