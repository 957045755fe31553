"""# Erase an account

Takes a customer out for good: everything that was said for them, their name and the names of their
deals, and vectors. Messages that showed it are replaced in Slack. The account's id in the CRM, its
ARR and their history stay, so that reports of any day keep their numbers.

**Steps**: one, `erase`. It changes everything in one transaction, and then sends Slack the
replacements. An entry that was still on its way ends, and its question is closed.

**Parameters**: `{"who": "ACC-1042", "dry_run": false}`. With `dry_run`, which is the default, it
counts what would be changed and changes nothing.

**Runs** when started from the REST API or the UI, by an Airflow user who is listed in the setting
`operators`. The same from a shell: `python -m include.operations erase-account ACC-1042`.

**A failure means** that there is no such account, that the starter is not listed, or that the
database was away. Nothing was changed.

**Safe to retry, clear and re-run**: yes.

**Owner**: privacy
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.retry import default_args


@dag(
    schedule=None,
    catchup=False,
    params={
        "who": Param(
            None,
            type="string",
            minLength=1,
            maxLength=200,
            title="Account",
            description="Its id, as in the CRM.",
        ),
        "dry_run": Param(True, type="boolean", description="Only count what would be changed."),
    },
    default_args=default_args("privacy"),
    max_active_runs=1,
    tags=["privacy"],
    doc_md=__doc__,
)
def erase_account() -> None:
    @task(multiple_outputs=False)
    def erase() -> dict[str, Any]:
        from include.operations import privacy as steps

        context = get_current_context()
        run, params = context["dag_run"], context["params"]
        return steps.erase_for_run(
            params["who"],
            dag_id=run.dag_id,
            run_id=run.run_id,
            started_by=run.triggering_user_name,
            dry_run=params["dry_run"],
        )

    erase()


erase_account()
