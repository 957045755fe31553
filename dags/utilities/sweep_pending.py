"""# Sweep what is pending

Picks up what could not be done at once: messages that Slack did not take, Slack calls and follow-up
runs that could not be started, entries whose run failed or vanished, and durable waits that nobody
woke.

**Steps**, side by side; if one fails, the others still run

* `carry_out_effects` carries out what is queued and not done, oldest first: Slack calls that were
  cut short, runs to start such as `new_request`, messages, status emoji, and analytics events. If
  one kind fails, the others still go out. Before the messages it writes the
  [daily cards](slack.md#how-often-somebody-is-asked) about questions over the limit, one a person
  and day.
* `alert_operations` tells the operations channel, once each, what is late: entries without an
  outcome, questions well past their reminder, runs not started, messages not sent. It also checks
  whether a language model is set. If Airflow's metrics are switched on, it sends the product's
  [metrics](observability.md#metrics) as gauges.
* `find_stuck_entries` lists entries without an outcome that no run works on, and marks them
  `failed`. With `rerun` it also lets their runs go on.
* `catch_up_waits` closes overdue waits, and waits whose run failed without Airflow telling the
  triggerer (clearing the wait opens them again). It continues parked runs that were missed.

**Parameters**: `rerun` (default false: only look). Example: `{"rerun": true}`

**Runs** every five minutes, and by hand.

**A failure means** Slack, the database or Airflow's API is down. The next run tries again.

**Safe to retry, clear and re-run**: yes. Every message goes out once, and every run starts once.

**Owner**: operations
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.retry import Priority, default_args


@dag(
    schedule="*/5 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "rerun": Param(
            False, type="boolean", description="Let the runs of stuck entries go on, not only look."
        )
    },
    default_args=default_args("operations", Priority.SOMEBODY_WAITS) | {"retries": 0},
    tags=["operations"],
    doc_md=__doc__,
)
def sweep_pending() -> None:
    @task(multiple_outputs=False)
    def carry_out_effects() -> dict[str, Any]:
        from include.relay.dispatch import UntouchedSlackEvents
        from include.workflows.sweep_pending import carry_out_pending

        return carry_out_pending(UntouchedSlackEvents())

    @task
    def find_stuck_entries() -> dict[str, Any]:
        from datetime import timedelta

        from include.base.settings import load_settings
        from include.operations.stuck import sweep

        older_than = timedelta(minutes=load_settings().stuck_after_minutes)
        return sweep(older_than, rerun=get_current_context()["params"]["rerun"])

    @task(multiple_outputs=False)
    def catch_up_waits() -> dict[str, int]:
        from include.durable.catch_up import catch_up

        return catch_up()

    @task
    def alert_operations() -> int:
        from include.operations import late, metrics

        told = late.alert()
        metrics.send()
        return told

    catch_up_waits()
    carry_out_effects()
    alert_operations()
    find_stuck_entries()


sweep_pending()
