"""# Erase a person

Takes a person out for good: the words they handed in, their names and addresses, what was read from
Slack for them, what language models answered about it, and vectors. Messages that showed it are
replaced in Slack. Counts, accounts and ARR stay right, because the rows stay without their words.

**Steps**: one, `erase`. It looks up everybody with this e-mail address or Slack user id, changes
everything in one transaction, and then sends Slack the replacements. An entry that was still on its
way ends, and its question is closed.

**Parameters**: `{"who": "ann@example.com", "dry_run": false}`. With `dry_run`, which is the
default, it counts what would be changed and changes nothing.

**Runs** when started from the REST API or the UI, by an Airflow user who is listed in the setting
`operators`. The same from a shell: `python -m include.operations erase-person ann@example.com`.

**A failure means** that nobody is known by that name, that the starter is not listed, or that the
database was away. Nothing was changed.

**Safe to retry, clear and re-run**: yes. Once it is done, nobody is known by that name any more.
Airflow keeps the run's parameters, so remove the run afterwards; see docs/operations.md.

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
            minLength=3,
            maxLength=254,
            title="E-mail address or Slack user id",
        ),
        "dry_run": Param(True, type="boolean", description="Only count what would be changed."),
    },
    default_args=default_args("privacy"),
    max_active_runs=1,
    tags=["privacy"],
    doc_md=__doc__,
)
def erase_person() -> None:
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


erase_person()
