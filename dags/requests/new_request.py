"""# New request

Announces a new request, waits an hour for feedback, and reminds its creator if there was none.

**Steps**

1. `find_request` looks the request up and starts its sleep, so that it can be woken from then on.
2. These run side by side with the sleep. If one fails, it stops neither the others nor the sleep:
   `tell_web_cache` (skipped without the connection `gtm_feedback_web`), `record_event`,
   `find_related` (links to near requests), `store_embedding`, and `post_to_firehose` (the areas'
   Slack channels).
3. `sleep_before_reminder` sleeps durably. It holds no worker, and no retry or restart begins the
   hour again. It wakes early when evidence arrives, or when the request is shipped, deprioritized,
   merged or deleted.
4. `remind_creator` sends the reminder if the request is still open and has no feedback. Its result
   says how each step ended and what happened: `reminded`, `has_feedback`, `evidence`, `shipped`,
   `deprioritized`, `merged` or `deleted`.

**Parameters**: `{"request": "export-a-table-as-csv"}`, a slug or the address of the request's page.

**Runs** when an entry has opened a request (run id `request__<id>`), and when started from the REST
API or the UI.

**A failure means**, in `find_request`: the request does not exist. In a step of 2: only that step
is missing, so clear it. It fails the run at its end, after the reminder, so that you see it.

**Safe to retry, clear and re-run**: yes. Messages, events and links are made once.

**Owner**: requests
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, get_current_context, task

from include.durable.sensors import SleepSensor
from include.engine.params import REQUEST_PARAM
from include.engine.retry import ONE_HOUR, default_args

STEPS = (
    "tell_web_cache",
    "record_event",
    "find_related",
    "store_embedding",
    "post_to_firehose",
)


@dag(
    schedule=None,
    catchup=False,
    params={"request": REQUEST_PARAM},
    default_args=default_args("requests"),
    # A sleeping request is a running run.
    max_active_runs=100_000,
    tags=["requests"],
    doc_md=__doc__,
)
def new_request() -> None:
    @task(multiple_outputs=False)
    def find_request() -> dict[str, Any]:
        from include.workflows import new_request as steps

        context = get_current_context()
        ti = context["ti"]
        return steps.begin_new_request(
            context["params"]["request"], dag_id=ti.dag_id, run_id=ti.run_id
        )

    @task
    def tell_web_cache(found: dict[str, Any]) -> str:
        from include.workflows import new_request as steps

        return steps.tell_web_cache(found["request"])

    @task
    def record_event(found: dict[str, Any]) -> str:
        from include.workflows import new_request as steps

        return steps.record_opened(found["request_id"])

    @task(multiple_outputs=False)
    def find_related(found: dict[str, Any]) -> dict[str, int]:
        from include.workflows import new_request as steps

        return steps.relate_request(found["request_id"], run_id=get_current_context()["ti"].run_id)

    @task
    def store_embedding(found: dict[str, Any]) -> str:
        from include.workflows import new_request as steps

        return steps.embed_request(found["request_id"])

    @task(multiple_outputs=False, pool="slack")
    def post_to_firehose(found: dict[str, Any]) -> dict[str, int]:
        from include.workflows import new_request as steps

        return steps.post_firehose(found["request_id"])

    @task(multiple_outputs=False)
    def remind_creator(found: dict[str, Any], waited: Any) -> dict[str, Any]:
        from include.durable.types import outcome_from_xcom
        from include.workflows import new_request as steps

        ti = get_current_context()["ti"]
        ended = dict(zip(STEPS, ti.xcom_pull(task_ids=list(STEPS)), strict=True))
        return steps.end_new_request(
            found["request_id"], outcome_from_xcom(waited), run_id=ti.run_id, steps=ended
        )

    found = find_request()
    announced = [
        tell_web_cache(found),
        record_event(found),
        find_related(found),
        store_embedding(found),
        post_to_firehose(found),
    ]
    sleep = SleepSensor(task_id="sleep_before_reminder", duration=ONE_HOUR)
    found >> [*announced, sleep]
    remind_creator(found, sleep.output)


new_request()
