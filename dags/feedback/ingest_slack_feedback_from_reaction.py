"""# Take feedback from a reaction in Slack

Somebody put the emoji `:gtm-feedback:` (setting `capture_emoji`) on a message. This DAG reads the
message and its thread, takes the customer's words out of it, and hands them to
`process_customer_entry`. The message shows an hourglass meanwhile. The thread gets one reply, which
changes as the entry moves on.

**Steps**

1. `read_message` puts the hourglass on the message and reads it with its thread.
2. Side by side, `extract_pain` takes the customer's words out of what was read, and
   `resolve_submitter` finds out who put the emoji there.
3. `process_entry` starts `process_customer_entry` under the same run id. If nothing can be taken,
   it tells the person why: the message is gone, it has no words, or the app is not in the channel.

**Parameters**, from the relay. Example:

```json
{"channel": "C0FEEDBACK", "message_ts": "1795300000.000200", "user": "U0ANN",
 "is_internal": true}
```

**Runs** when the relay hears of the reaction. The run id follows from the message, so a second
reaction, by anybody, starts nothing.

**A failure means** Slack, Airflow's API or the database stayed down. The message shows a warning
sign and the person is told. Clear the failed task to go on.

**Safe to retry, clear and re-run**: yes. One message is one entry.

**Owner**: feedback
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.retry import Priority, default_args


def note_failure(context: Any) -> None:
    """Show that the message could not be taken when a task has failed for good."""
    from include.workflows import ingest_slack_feedback as ingest

    ti = context["ti"]
    ingest.note_capture_failure(dag_id=ti.dag_id, run_id=ti.run_id)


@dag(
    schedule=None,
    catchup=False,
    params={
        "channel": Param(None, type="string", minLength=1, maxLength=60, title="Slack channel id"),
        "message_ts": Param(
            None, type="string", maxLength=41, pattern=r"^\d+\.\d+$", title="The message's ts"
        ),
        "user": Param(
            None, type="string", minLength=1, maxLength=60, title="Slack user who marked it"
        ),
        "is_internal": Param(
            False,
            type="boolean",
            description="Only this company reads the thread, so the reply may name requests.",
        ),
    },
    default_args=default_args("feedback", Priority.FEEDBACK)
    | {"on_failure_callback": note_failure},
    max_active_runs=1000,
    tags=["feedback", "slack"],
    doc_md=__doc__,
)
def ingest_slack_feedback_from_reaction() -> None:
    @task
    def read_message() -> int:
        from include.workflows import ingest_slack_feedback as ingest

        context = get_current_context()
        run = context["dag_run"]
        return ingest.read_message(context["params"], dag_id=run.dag_id, run_id=run.run_id)

    @task
    def extract_pain(capture_id: int) -> bool:
        from include.workflows import ingest_slack_feedback as ingest

        return ingest.extract_pain(capture_id)

    @task(multiple_outputs=False)
    def resolve_submitter() -> dict[str, Any]:
        from include.workflows import ingest_slack_feedback as ingest

        return ingest.resolve_submitter(get_current_context()["params"]["user"])

    @task(multiple_outputs=False)
    def process_entry(capture_id: int, who: dict[str, Any]) -> dict[str, Any]:
        from include.workflows import ingest_slack_feedback as ingest

        return ingest.hand_over_capture(capture_id, who)

    capture, who = read_message(), resolve_submitter()
    extract_pain(capture) >> process_entry(capture, who)


ingest_slack_feedback_from_reaction()
