"""# Change the confidence thresholds

Adds a version of the thresholds, for all or for one area, as
`python -m include.operations set-thresholds` does. It counts from the next match; decisions keep
the version that they were made with.

**Steps**: `change` adds the version and returns it, with the numbers before.

**Parameters**: `{"attach": 0.92, "ask": 0.8, "area": "billing", "note": "Two wrong ones"}`. To see
beforehand what a change would have done, run `replay_decisions`.

**Runs** when started from the REST API or the UI.

**A failure means** there is no such area, `ask` is above `attach`, or whoever started the run is
not listed in the setting `operators`. Nothing was changed.

**Safe to retry, clear and re-run**: yes. Again, it adds a version with the same numbers.

**Owner**: operations
"""

from __future__ import annotations

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.params import params_of
from include.engine.retry import Priority, default_args
from include.people.person import Acting

_SHARE = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}


@dag(
    schedule=None,
    catchup=False,
    params={
        "attach": Param(0.9, title="Attach from this confidence on", **_SHARE),
        "ask": Param(0.8, title="Ask from this confidence on", **_SHARE),
        "area": Param(None, type=["null", "string"], maxLength=200, title="Area's slug"),
        "note": Param("", type="string", maxLength=500, title="Why"),
        **params_of(Acting),
    },
    default_args=default_args("operations", Priority.SOMEBODY_WAITS),
    max_active_runs=1,
    tags=["operations"],
    doc_md=__doc__,
)
def change_thresholds() -> None:
    @task
    def change() -> str:
        from include.operations.interventions import change_thresholds as changed

        context = get_current_context()
        run = context["dag_run"]
        return changed(
            context["params"],
            dag_id=run.dag_id,
            run_id=run.run_id,
            started_by=run.triggering_user_name,
        )

    change()


change_thresholds()
