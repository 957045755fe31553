"""# Process a customer entry.

Turns one piece of customer feedback into evidence on a feature request, with a human in the loop
where the match is not certain.

**Steps**

1. `store_entry` stores the submission before anything else happens to it. One that surely holds no
   pain (only a link, only emoji, a thank-you) is set aside and can be
   [restored](operations.md#entries-that-were-set-aside).
2. `match_entry` finds candidates by meaning and by words, judges them and takes one of three ways
   by the best match's confidence *c* (thresholds are versioned, per area). Where a language model
   is set, a long text with several pains first becomes one entry for each, with a run of its own:
3. *c* ≥ 0.90: `attach_feedback` adds it to the matched request; the submitter is told, with Undo.
   0.80 ≤ *c* < 0.90: `ask_submitter` posts a question, `wait_for_answer` parks the run (no worker
   is held), `apply_answer` carries out what was decided. No answer: one reminder, then a request.
   *c* < 0.80 or no candidate: `create_request` completes the request that was opened.
4. `report_outcome` sends the messages, starts `new_request` for a request that was opened, tells
   Airflow [which data was written](insights.md#assets), and returns what happened.

**Parameters** (REST, UI form, relay): see the form. Example:

```json
{"customer_pain": "Our analysts retype every table by hand because there is no export.",
 "severity": "high", "account_id": "ACC-1001", "source": "api", "external_id": "crm-4711",
 "submitter": {"email": "ann@example.com", "slack_user_id": "U0ANN"}}
```

**Runs** when started by REST, the relay, the UI or an import; any number in parallel.

**A failure means** the entry is stored but has no outcome; its status is `failed`, the sweep lists
it, and clearing the failed task continues it.

**Safe to retry, to clear and to re-run**: yes, every step. The same `source` and `external_id`
(or the same run) never makes a second entry, request, feedback or message.

**Owner**: feedback
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Label, dag, get_current_context, task

from include.durable.sensors import HookSensor
from include.engine.assets import ENTRY_WRITES, written_by
from include.engine.params import params_of
from include.engine.retry import Priority, default_args
from include.entries.submission import Submission


def note_failure(context: Any) -> None:
    """Mark the entry as failed when a task has failed for good."""
    from include.workflows import process_customer_entry as steps

    ti, error = context["ti"], context.get("exception")
    steps.note_failure(
        dag_id=ti.dag_id, run_id=ti.run_id, task_id=ti.task_id, error=type(error).__name__
    )


@dag(
    schedule=None,
    catchup=False,
    params=params_of(Submission, source="ui"),
    default_args=default_args("feedback", Priority.FEEDBACK)
    | {"on_failure_callback": note_failure},
    # Open questions are running runs: with the default, 16 of them would block all new feedback.
    max_active_runs=100_000,
    tags=["feedback"],
    doc_md=__doc__,
)
def process_customer_entry() -> None:
    @task
    def store_entry() -> int:
        from include.workflows import process_customer_entry as steps

        context = get_current_context()
        run = context["dag_run"]
        lag = datetime.now(UTC) - run.run_after
        return steps.store(context["params"], dag_id=run.dag_id, run_id=run.run_id, lag=lag)

    @task.branch
    def match_entry(entry_id: int) -> str:
        from include.workflows import process_customer_entry as steps

        context = get_current_context()
        ti = context["ti"]
        is_last_try = ti.try_number > ti.max_tries
        route = steps.match(entry_id, context["params"], run_id=ti.run_id, is_last_try=is_last_try)
        return NEXT[route] if route else "report_outcome"

    @task
    def attach_feedback(entry_id: int) -> None:
        from include.workflows import process_customer_entry as steps

        steps.attach(entry_id)

    @task
    def create_request(entry_id: int) -> None:
        from include.workflows import process_customer_entry as steps

        steps.finish_opened(entry_id)

    @task
    def ask_submitter(entry_id: int) -> int:
        from include.workflows import process_customer_entry as steps

        ti = get_current_context()["ti"]
        return steps.ask(entry_id, dag_id=ti.dag_id, run_id=ti.run_id)

    @task
    def apply_answer(entry_id: int) -> int:
        from include.workflows import process_customer_entry as steps

        ti = get_current_context()["ti"]
        return steps.apply_answer(entry_id, dag_id=ti.dag_id, run_id=ti.run_id)

    # One XCom: a dict would otherwise be pushed once more for each of its keys.
    @task(
        trigger_rule="none_failed_min_one_success",
        multiple_outputs=False,
        outlets=[ENTRY_WRITES],
    )
    def report_outcome(entry_id: int) -> dict[str, Any]:
        from include.workflows import process_customer_entry as steps

        context = get_current_context()
        result = steps.report(entry_id, run_id=context["ti"].run_id)
        for asset in written_by(result):
            context["outlet_events"][ENTRY_WRITES].add(asset)
        return result

    entry = store_entry()
    route, report = match_entry(entry), report_outcome(entry)
    attached, created, asked = attach_feedback(entry), create_request(entry), ask_submitter(entry)
    answered = apply_answer(entry)
    route >> Label("c >= 0.90") >> attached >> report
    route >> Label("c < 0.80 or none") >> created >> report
    route >> Label("0.80 <= c < 0.90") >> asked >> HookSensor(task_id="wait_for_answer") >> answered
    answered >> report
    route >> Label("repeat, set aside, taken apart") >> report


NEXT = {"attach": "attach_feedback", "create": "create_request", "ask": "ask_submitter"}

process_customer_entry()
