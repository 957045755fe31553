"""What is preloaded where: in the scheduler and in Celery's main process, before they fork."""

from __future__ import annotations

import importlib
import logging
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from include.workflows import preload

if TYPE_CHECKING:
    from collections.abc import Callable

JOB = SimpleNamespace(job_type=None)


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    done: list[bool] = []
    monkeypatch.setattr(preload, "preload", lambda: done.append(True))
    monkeypatch.setattr(preload, "forks_tasks", lambda: True)
    monkeypatch.delitem(sys.modules, preload.SCHEDULER, raising=False)
    return done


def test_the_scheduler_preloads(monkeypatch: pytest.MonkeyPatch, done: list[bool]) -> None:
    monkeypatch.setitem(sys.modules, preload.SCHEDULER, ModuleType(preload.SCHEDULER))
    preload.on_starting(JOB)
    assert done == [True]


def test_a_scheduler_whose_tasks_run_elsewhere_does_not(
    monkeypatch: pytest.MonkeyPatch, done: list[bool]
) -> None:
    monkeypatch.setattr(preload, "forks_tasks", lambda: False)
    monkeypatch.setitem(sys.modules, preload.SCHEDULER, ModuleType(preload.SCHEDULER))
    preload.on_starting(JOB)
    assert done == []


@pytest.mark.parametrize(
    ("executor", "forks"),
    [
        ("LocalExecutor", True),
        ("CeleryExecutor,LocalExecutor", True),
        ("CeleryExecutor", False),
        ("KubernetesExecutor", False),
    ],
)
def test_only_local_tasks_are_forked_from_the_scheduler(
    monkeypatch: pytest.MonkeyPatch, executor: str, *, forks: bool
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    assert preload.forks_tasks() is forks


def test_the_triggerer_and_the_dag_processor_do_not(done: list[bool]) -> None:
    preload.on_starting(JOB)
    assert done == []


def test_a_task_that_was_forked_from_the_scheduler_does_not(
    monkeypatch: pytest.MonkeyPatch, done: list[bool]
) -> None:
    from airflow.sdk.execution_time.task_runner import TaskRunnerMarker

    monkeypatch.setitem(sys.modules, preload.SCHEDULER, ModuleType(preload.SCHEDULER))
    preload.on_starting(TaskRunnerMarker())
    assert done == []


def test_airflows_scheduler_is_known_before_its_job_has_a_type() -> None:
    from airflow.cli.commands import scheduler_command
    from airflow.jobs.job import Job

    assert hasattr(Job, "job_type")
    assert scheduler_command.SchedulerJobRunner.__module__ == preload.SCHEDULER


def test_every_module_it_names_exists() -> None:
    for module in preload.MODULES:
        assert importlib.util.find_spec(module), module


def test_what_cannot_be_loaded_is_said_and_costs_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def import_modules() -> None:
        raise OSError("postgresql://u:secret@db")

    monkeypatch.setattr(preload, "import_modules", import_modules)
    with caplog.at_level(logging.WARNING):
        preload.preload()
    assert "import_modules failed (OSError)" in caplog.text
    assert "secret" not in caplog.text


class Signal:
    """The part of Celery's signal that is used."""

    def __init__(self) -> None:
        self.receivers: list[Callable[..., Any]] = []

    def connect(self, receiver: Callable[..., Any], *, weak: bool) -> None:
        assert not weak, "nothing else holds the receiver"
        self.receivers.append(receiver)


def test_a_celery_worker_preloads_before_it_forks_its_pool(
    monkeypatch: pytest.MonkeyPatch, done: list[bool]
) -> None:
    signals, defaults = ModuleType("celery.signals"), ModuleType("default_celery")
    signal = signals.worker_init = Signal()  # type: ignore[attr-defined]
    defaults.DEFAULT_CELERY_CONFIG = {"broker_url": "memory://"}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "celery", ModuleType("celery"))
    monkeypatch.setitem(sys.modules, "celery.signals", signals)
    name = "airflow.providers.celery.executors.default_celery"
    for part in ("airflow.providers.celery", "airflow.providers.celery.executors"):
        monkeypatch.setitem(sys.modules, part, ModuleType(part))
    monkeypatch.setitem(sys.modules, name, defaults)
    monkeypatch.delitem(sys.modules, "include.workflows.celery_worker", raising=False)

    worker = importlib.import_module("include.workflows.celery_worker")
    assert worker.CONFIG == {"broker_url": "memory://"}
    assert done == []
    for receiver in signal.receivers:
        receiver(sender=object())
    assert done == [True]
