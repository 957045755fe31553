"""# Process a customer entry

Turns one piece of customer feedback into evidence on a feature request, and asks a person if the
match is not certain.

**Steps**

1. `decide_entry` stores the submission before anything else happens to it, unless the run names an
   entry that is stored. It finds candidates by meaning and by words, judges them, and chooses a way
   by the confidence *c* of the best match. (The thresholds are versioned and can differ by area.)
   What the decision leads to is written in the transaction that records it; a question right
   after it, to [whom it concerns](slack.md#who-is-asked).
2. One of these tasks shows which way the entry went. They do nothing and cost no worker:

   * `attach` (*c* ≥ 0.90): it was added to the matched request. The submitter is told, with *Undo*.
   * `create` (*c* < 0.80, or no candidate): a request was opened.
   * `ask` (0.80 ≤ *c* < 0.90): a question was posted. `wait_for_answer` waits without a worker, and
     `apply_answer` carries out what was decided. Without an answer there is one reminder, and then
     the entry becomes a request.
   * `split`: it holds several problems. Each is an entry now, with a run of its own.
   * `set_aside`: it holds no problem (only a link, a thank-you, praise, a colleague's remark). It
     can be [restored](operations.md#entries-that-were-set-aside).
   * `repeat`: another run carries this entry out.

3. `report_outcome` sends the messages, starts `new_request` for a request that was opened, tells
   Airflow [which data was written](insights.md#assets), and returns what happened.

**Parameters**: `{"entry_id": 4711}` for an entry that is stored. Every way into the product stores
first and passes on the id. If you use Airflow's own REST API or UI form, you may pass the fields
instead. Then, and only then, the run's conf holds the customer's words. Example:

```json
{"customer_pain": "Our analysts retype every table by hand because there is no export.",
 "severity": "high", "account_id": "ACC-1001", "source": "api", "external_id": "crm-4711",
 "submitter": {"email": "ann@example.com", "slack_user_id": "U0ANN"}}
```

**Runs** when started by the relay, the REST route, the UI or Airflow's REST API. Any number run in
parallel.

**A failure means** the entry is stored but has no outcome. Its status is `failed`, and the sweep
lists it. Clear the failed task to continue it.

**Safe to retry, clear and re-run**: yes, every step. The same `source` and `external_id` (or the
same run) never makes a second entry, request, feedback or message.

**Owner**: feedback
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Label, Param, dag, get_current_context, task

from include.durable.sensors import HookSensor
from include.engine.assets import ENTRY_WRITES, written_by
from include.engine.params import LARGEST_ID, params_of
from include.engine.retry import Priority, default_args
from include.entries.submission import Submission

PARAMS = {
    "entry_id": Param(
        None, type=["null", "integer"], minimum=1, maximum=LARGEST_ID, title="Entry that is stored"
    ),
    **params_of(Submission, optional=("customer_pain",), source="ui"),
}

# Tasks that do nothing and cost no worker: the graph shows which way an entry went.
WAYS = {
    "attach": "c >= 0.90",
    "ask": "0.80 <= c < 0.90",
    "create": "c < 0.80 or none",
    "split": "several pains",
    "set_aside": "no pain",
    "repeat": "another run's",
}


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
    params=PARAMS,
    default_args=default_args("feedback", Priority.FEEDBACK)
    | {"on_failure_callback": note_failure},
    # Open questions are running runs: with the default, 16 of them would block all new feedback.
    max_active_runs=100_000,
    tags=["feedback"],
    doc_md=__doc__,
)
def process_customer_entry() -> None:
    @task.branch
    def decide_entry() -> str:
        from include.workflows import process_customer_entry as steps

        context = get_current_context()
        ti, run = context["ti"], context["dag_run"]
        entry_id, way = steps.decide_entry(
            context["params"],
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            is_last_try=ti.try_number > ti.max_tries,
            lag=datetime.now(UTC) - run.run_after,
        )
        ti.xcom_push(key="entry_id", value=entry_id)
        return str(way)

    @task
    def apply_answer() -> list[int]:
        from include.workflows import process_customer_entry as steps

        ti = get_current_context()["ti"]
        return steps.apply_answer(dag_id=ti.dag_id, run_id=ti.run_id)

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

    decided = decide_entry()
    report, answered = report_outcome(decided["entry_id"]), apply_answer()  # type: ignore[index]
    for way, label in WAYS.items():
        went = EmptyOperator(task_id=way)
        decided >> Label(label) >> went
        if way == "ask":
            went >> HookSensor(task_id="wait_for_answer") >> answered >> report
        else:
            went >> report


process_customer_entry()
