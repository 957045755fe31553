"""# Restore an entry that was set aside

A submission that holds no problem (only a link, a thank-you, praise, a colleague's remark) is kept
and set aside.
This DAG has it processed after all, as the button *Process it anyway* does in Slack.

**Steps**: `restore` opens the entry again and starts `process_customer_entry` for it.

**Parameters**: `{"entry_id": 4711, "actor": {"slack_user_id": "U0ANN"}}`. The
[runbook](operations.md#entries-that-were-set-aside) says how to find entries that were set aside.

**Runs** when started from the REST API or the UI.

**A failure means** there is no such entry, or it was never set aside. Nothing was changed.

**Safe to retry, clear and re-run**: yes. An entry is restored once.

**Owner**: feedback
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.params import LARGEST_ID, params_of
from include.engine.retry import Priority, default_args
from include.people.person import Acting


@dag(
    schedule=None,
    catchup=False,
    params={
        "entry_id": Param(
            None, type="integer", minimum=1, maximum=LARGEST_ID, title="Id of the entry"
        ),
        **params_of(Acting),
    },
    default_args=default_args("feedback", Priority.FEEDBACK),
    max_active_runs=16,
    tags=["feedback"],
    doc_md=__doc__,
)
def restore_entry() -> None:
    @task(multiple_outputs=False)
    def restore() -> dict[str, Any]:
        from include.entries import set_aside as setting_aside

        context = get_current_context()
        run = context["dag_run"]
        return setting_aside.restore(
            context["params"],
            dag_id=run.dag_id,
            run_id=run.run_id,
            started_by=run.triggering_user_name,
        )

    restore()


restore_entry()
