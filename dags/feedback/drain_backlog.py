"""# Drain a backlog

When many entries wait, one run processes them together instead of one run each: with the same
search, thresholds, messages and records, and many times faster.

**Steps**

1. `take_backlog` takes the entries that are held: `/feedback` and the REST route stored them
   without a run. It also finds runs of `process_customer_entry` that have not begun to decide, and
   makes their entries entries of this run. `end_taken_runs` ends those runs with a note that names
   this one. A run that begins before that finds its entry taken.
2. `match_batch`, mapped over the batches, embeds, decides, and attaches or opens requests. The last
   batch goes on with what comes meanwhile, until nothing does.
3. `tell_meanwhile` tells each submitter, at the same time, what became of their feedback: a card
   for each of a few entries, or one message about many, where each line has its button.
4. `ask_questions` asks about the rest, with one card for each request and person. `ask_people`
   waits for the answers without a worker and carries them out. `tell_submitters` sends what is left
   and starts `new_request` for the requests that were opened, a few at a time. The sweep starts the
   others.
5. `report_outcome` returns how many entries were `stored` and `held`, how many were `shared` with
   the drains beside it, and how many are `attached`, `created`, `set_aside`, `split`, `waiting` or
   `unfinished`.

**Parameters**: none are needed.

**Runs** by itself, one at a time, or one for each of `drains_at_once` groups of people: as soon as
an entry is held (setting `hold_from`), when `backlog_from` entries wait undecided in runs of their
own, or when a run begins 5 seconds late (at most once in two minutes). It leaves runs alone while
they are few. You can also start it by hand; it then leaves out whom another drain serves.

**A failure means** Airflow's API, the database or the embeddings API is down. What was taken over
is stored. Clear the failed task, or let the next run take it over.

**Safe to retry, clear and re-run**: yes. An entry belongs to one run.

**Owner**: feedback
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.retry import Priority, default_args
from include.workflows.batch_tasks import FACTS, carry_out, tell_meanwhile


@dag(
    schedule=None,
    catchup=False,
    params={"batch_size": Param(500, type="integer", minimum=1, maximum=10_000)},
    # Before the tasks of the very runs it relieves.
    default_args=default_args("feedback", Priority.MANY_WAIT),
    # A run that waits for people is no longer draining.
    max_active_runs=1000,
    tags=["feedback"],
    doc_md=__doc__,
)
def drain_backlog() -> None:
    @task
    def take_backlog() -> list[dict[str, Any]]:
        from include.entries import drain as backlog

        context = get_current_context()
        ti = context["ti"]
        batches, facts = backlog.take_over(
            dag_id=ti.dag_id, run_id=ti.run_id, batch_size=context["params"]["batch_size"]
        )
        ti.xcom_push(key="runs", value=facts.pop("runs"))
        ti.xcom_push(key=FACTS, value=facts)
        return batches

    @task
    def end_taken_runs() -> int:
        from include.entries import drain as backlog

        ti = get_current_context()["ti"]
        taken = ti.xcom_pull(task_ids="take_backlog", key="runs")
        return backlog.end_taken(taken or [], dag_id=ti.dag_id, run_id=ti.run_id)

    batches = take_backlog()
    batches >> end_taken_runs()
    batches >> tell_meanwhile()
    carry_out(batches)


drain_backlog()
