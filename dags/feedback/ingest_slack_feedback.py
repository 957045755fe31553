"""# Take feedback filled in in Slack

Somebody submitted the form *Add Feedback* in Slack, and the relay has stored it as an entry. This
DAG finds out who they are and hands the entry to `process_customer_entry`.

**Steps**

1. `resolve_submitter` asks Slack for the person's e-mail address (kept for a day) and finds the
   user: by the exact address, without a plus-tag, or by a known alias. An uncertain match is no
   match, and a new user is made. Guests and people without an address are told that the review
   channel takes over.
2. `process_entry` starts `process_customer_entry` under the same run id.

**Parameters**, from the relay. Example:

```json
{"entry_id": 4711, "user": "U0ANN", "external_id": "view:V0123:1795300000.abc",
 "message": {"channel": "C0FEEDBACK", "ts": "1795300000.000200"}}
```

If you start it without the relay, you may pass the fields of the form instead of `entry_id`.

**Runs** when the relay takes a submission. The run id follows from the form, so a repeat starts
nothing.

**A failure means** Slack, Airflow's API or the database stayed down. The person is told. Clear the
failed task to go on.

**Safe to retry, clear and re-run**: yes. One submission is one entry.

**Owner**: feedback
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.params import LARGEST_ID, params_of
from include.engine.retry import Priority, default_args
from include.entries.submission import Submission


def note_failure(context: Any) -> None:
    """Tell the person when a task has failed for good."""
    from include.workflows import ingest_slack_feedback as ingest

    ingest.note_submission_failure(context["params"])


@dag(
    schedule=None,
    catchup=False,
    params={
        **{
            name: param
            for name, param in params_of(Submission, optional=("customer_pain",)).items()
            if name not in ("areas", "submitter", "source")
        },
        "entry_id": Param(
            None, type=["null", "integer"], minimum=1, maximum=LARGEST_ID, title="Stored entry"
        ),
        "user": Param(
            None, type="string", minLength=1, maxLength=60, title="Slack user who filled it in"
        ),
        "message": Param(
            None,
            type=["null", "object"],
            properties={name: {"type": "string", "maxLength": 60} for name in ("channel", "ts")},
            description="The Slack message it was made of, if any.",
        ),
    },
    default_args=default_args("feedback", Priority.FEEDBACK)
    | {"on_failure_callback": note_failure},
    max_active_runs=1000,
    tags=["feedback", "slack"],
    doc_md=__doc__,
)
def ingest_slack_feedback() -> None:
    @task(multiple_outputs=False)
    def resolve_submitter() -> dict[str, Any]:
        from include.workflows import ingest_slack_feedback as ingest

        context = get_current_context()
        params, run = context["params"], context["dag_run"]
        ingest.store_submission(params, dag_id=run.dag_id, run_id=run.run_id)
        return ingest.resolve_submitter(params["user"])

    @task(multiple_outputs=False)
    def process_entry(who: dict[str, Any]) -> dict[str, Any]:
        from include.workflows import ingest_slack_feedback as ingest

        context = get_current_context()
        run = context["dag_run"]
        return ingest.hand_over_submission(
            context["params"], who, dag_id=run.dag_id, run_id=run.run_id
        )

    process_entry(resolve_submitter())


ingest_slack_feedback()
