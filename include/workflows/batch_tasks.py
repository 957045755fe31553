"""The tasks that ``import_feedback`` and ``drain_backlog`` share, once their entries are stored."""

from __future__ import annotations

from typing import Any

from airflow.sdk import get_current_context, task, task_group

from include.durable.sensors import HookSensor

FACTS = "facts"
"""XCom key under which the first task leaves what it found."""


@task(
    pool="embeddings",
    max_active_tis_per_dagrun=1,
    multiple_outputs=False,
    map_index_template="{{ task.op_kwargs['part']['label'] }}",
)
def match_batch(part: dict[str, Any]) -> dict[str, int]:
    from include.workflows import import_feedback as import_steps

    context = get_current_context()
    ti = context["ti"]
    return import_steps.match_batch(
        part,
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        is_last_try=ti.try_number > ti.max_tries,
        quiet=not context["params"].get("notify", True),
    )


@task(trigger_rule="none_failed")
def ask_questions() -> list[dict[str, Any]]:
    from include.workflows import import_feedback as import_steps

    context = get_current_context()
    ti, ask = context["ti"], context["params"].get("ask")
    return import_steps.ask_questions(dag_id=ti.dag_id, run_id=ti.run_id, ask=ask)


@task
def tell_meanwhile() -> int:
    from include.workflows import import_feedback as import_steps

    ti = get_current_context()["ti"]
    return import_steps.tell_meanwhile(dag_id=ti.dag_id, run_id=ti.run_id)


@task
def tell_submitters() -> int:
    from include.workflows import import_feedback as import_steps

    context = get_current_context()
    ti = context["ti"]
    quiet = not context["params"].get("notify", True)
    return import_steps.deliver_results(dag_id=ti.dag_id, run_id=ti.run_id, quiet=quiet)


@task(map_index_template="{{ task.op_kwargs['group']['label'] }}")
def apply_group(group: dict[str, Any]) -> int:  # noqa: ARG001 - its label names the task
    from include.workflows import import_feedback as import_steps

    ti = get_current_context()["ti"]
    return import_steps.apply_group(
        dag_id=ti.dag_id, run_id=ti.run_id, map_index=int(ti.map_index or 0)
    )


@task_group
def ask_people(group: dict[str, Any]) -> None:
    # By name: the labels of the mapped tasks look there.
    HookSensor(task_id="wait_for_answer") >> apply_group(group=group)


@task(trigger_rule="none_failed", multiple_outputs=False)
def report_outcome(first_task: str) -> dict[str, Any]:
    from include.workflows import import_feedback as import_steps

    ti = get_current_context()["ti"]
    facts = ti.xcom_pull(task_ids=first_task, key=FACTS)
    return import_steps.report(dag_id=ti.dag_id, run_id=ti.run_id, facts=facts)


def carry_out(batches: Any) -> None:
    """Draw what follows once entries are stored: match, ask, tell, wait, report."""
    groups = ask_questions()
    match_batch.expand(part=batches) >> groups
    groups >> tell_submitters()
    ask_people.expand(group=groups) >> report_outcome(batches.operator.task_id)
