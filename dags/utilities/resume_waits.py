"""# Resume waits

Keeps the durable waits alive, and continues a parked run by hand.

When many runs wait, or one waits for long, the *keeper* parks it: Airflow ends the run with a note,
so that it costs nothing, and the same run continues when its answer comes. The keeper runs in the
triggerer as the watcher of this DAG's asset and needs no process of its own. **Leave this DAG
switched on.** While it is off, nothing is parked, and parked runs continue only with the next
`sweep_pending`.

**Steps**

* `resume` continues the run you name although nobody has answered; its question stays open. If you
  name none, it closes what is overdue and continues every run that may go on, as the keeper does.

**Parameters**: `parked_dag_id` and `parked_run_id`, both or none. Example:
`{"parked_dag_id": "process_customer_entry", "parked_run_id": "slack__Ev0123"}`

**Runs** by hand. The asset makes no events, so the DAG never starts by itself.

**A failure means** the run you named is not parked, or Airflow's API or the database is down.

**Safe to retry, clear and re-run**: yes.

**Owner**: operations
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, AssetWatcher, Param, dag, get_current_context, task

from include.durable.trigger import KeeperTrigger
from include.engine.retry import Priority, default_args

WAITS = Asset(
    name="durable_waits",
    uri="gtm-feedback://durable-waits",
    watchers=[AssetWatcher(name="keeper", trigger=KeeperTrigger())],
)


@dag(
    schedule=[WAITS],
    catchup=False,
    max_active_runs=4,
    params={
        "parked_dag_id": Param(
            None, type=["null", "string"], maxLength=250, description="DAG of the parked run."
        ),
        "parked_run_id": Param(
            None, type=["null", "string"], maxLength=250, description="Run id of the parked run."
        ),
    },
    default_args=default_args("operations", Priority.SOMEBODY_WAITS),
    tags=["operations"],
    doc_md=__doc__,
)
def resume_waits() -> None:
    @task(multiple_outputs=False)
    def resume() -> dict[str, Any]:
        from include.durable import catch_up

        params = get_current_context()["params"]
        return catch_up.resume(params["parked_dag_id"], params["parked_run_id"])

    resume()


resume_waits()
