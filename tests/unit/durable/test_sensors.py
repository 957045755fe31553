"""What the sensors tell Airflow, and what a trigger of an earlier release may still bring."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from airflow.sdk import DAG

from include.durable.sensors import HookSensor, SleepSensor
from include.durable.trigger import HookTrigger
from include.durable.types import outcome_from_xcom


def test_a_wait_is_not_ended_by_the_execution_timeout_of_the_default_args() -> None:
    """Airflow counts an execution_timeout while a task is deferred."""
    with DAG("d", default_args={"execution_timeout": timedelta(minutes=10)}):
        wait, nap = HookSensor(task_id="w"), SleepSensor(task_id="n", duration=timedelta(days=2))
    assert wait.execution_timeout is None
    assert nap.execution_timeout is None
    assert wait.start_trigger_args.timeout is None


def test_both_sensors_start_in_the_triggerer_with_names_and_numbers_only() -> None:
    with DAG("d"):
        wait = HookSensor(task_id="w", name="decision")
        nap = SleepSensor(task_id="n", duration=timedelta(hours=1))
    assert wait.start_from_trigger
    assert nap.start_from_trigger
    expected = {"name": "decision", "kind": "approval", "seconds": None, "conn_id": "feedback_db"}
    assert wait.start_trigger_args.trigger_kwargs == expected
    assert nap.start_trigger_args.trigger_kwargs["seconds"] == 3600


def test_a_negative_sleep_is_refused() -> None:
    with DAG("d"), pytest.raises(ValueError, match="must not be negative"):
        SleepSensor(task_id="n", duration=timedelta(seconds=-1))


def test_a_trigger_survives_its_serialisation_and_accepts_retired_arguments() -> None:
    of = {"dag_id": "d", "run_id": "r", "task_id": "w", "map_index": 3, "id": "ti"}
    trigger = HookTrigger("answer", task_instance_of=of)
    path, arguments = trigger.serialize()
    assert path == "include.durable.trigger.HookTrigger"
    again = HookTrigger(**arguments, poll_seconds=5)
    assert again.wait() == trigger.wait()
    assert again.wait().key == "d/r/answer/3"
    assert again.shared_stream_key() == trigger.shared_stream_key()


def test_a_trigger_without_a_task_instance_says_so() -> None:
    with pytest.raises(RuntimeError, match="task instance"):
        HookTrigger("answer").wait()


def test_an_outcome_is_read_whether_airflow_encoded_it_once_or_twice() -> None:
    outcome = {"outcome": "answered", "answer": {"choice": "attach"}}
    assert outcome_from_xcom(outcome) == outcome
    assert outcome_from_xcom(json.dumps(outcome)) == outcome
