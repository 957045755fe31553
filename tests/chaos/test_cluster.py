"""Of each pair one is killed, and what all share fails, while waits are open: nothing is lost."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.chaos import cluster_faults
from tests.chaos.batch import DONE_SECONDS, Verdict
from tests.chaos.test_chaos import judge, open_batch

if TYPE_CHECKING:
    from sandbox.stack import Stack
    from tests.e2e.conftest import Airflow

KILLED = ("scheduler", "triggerer", "worker", "api-server", "redis", "pgbouncer", "proxy")
FROZEN_SECONDS = 30.0
"""Longer than a triggerer may be without a heartbeat: the other one has its waits by then."""

CUT_SECONDS = 75.0
"""Longer than a task may be without a heartbeat: another worker has it when this one is back."""

pytestmark = pytest.mark.timeout(DONE_SECONDS + 900)


@pytest.mark.parametrize("program", KILLED)
def test_one_program_is_killed(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict], program: str
) -> None:
    of = "one of two " if f"{program}-2" in stack.status() else ""
    batch = open_batch(airflow, f"{of}{program} killed", waits)
    batch.answer(0.3)
    batch.due_soon()
    stack.kill(program)
    batch.answer(0.4)
    judge(batch, table)


def test_a_triggerer_stands_still_and_goes_on(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    batch = open_batch(
        airflow, f"one of two triggerers stands still for {FROZEN_SECONDS:.0f} s", waits
    )
    batch.answer(0.3)
    batch.due_soon()
    cluster_faults.freeze(stack, "triggerer", FROZEN_SECONDS)
    batch.answer(0.4)
    judge(batch, table)


def test_redis_loses_its_memory(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    batch = open_batch(airflow, "Redis lost its memory", waits)
    batch.answer(0.4)
    batch.due_soon()
    cluster_faults.empty_redis(stack)
    batch.answer(0.4)
    judge(batch, table)


def test_both_workers_are_killed(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    batch = open_batch(airflow, "both workers killed", waits)
    batch.answer(0.4)
    batch.due_soon()
    for worker in cluster_faults.WORKERS:
        stack.kill(worker)
    batch.answer(0.4)
    judge(batch, table)


def test_a_worker_is_cut_off_from_the_api_servers_and_comes_back(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    with cluster_faults.far_worker(stack) as link:
        batch = open_batch(airflow, f"a worker cut off for {CUT_SECONDS:.0f} s", waits)
        batch.answer(0.5)
        batch.due_soon()
        link.cut(CUT_SECONDS)
        batch.answer(0.3)
        judge(batch, table)


def test_a_worker_has_a_slow_network(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    with cluster_faults.far_worker(stack, delay=0.2):
        batch = open_batch(airflow, "a worker's network 0.2 s slower each way", waits)
        batch.answer(0.5)
        batch.due_soon()
        judge(batch, table)


@pytest.mark.skipif(shutil.which("faketime") is None, reason="libfaketime is not installed")
def test_a_workers_clock_is_two_minutes_off(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    with cluster_faults.far_worker(stack, clock="+120s"):
        batch = open_batch(airflow, "a worker's clock two minutes fast", waits)
        batch.answer(0.5)
        batch.due_soon()
        judge(batch, table)


def test_everything_is_restarted_one_by_one(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    batch = open_batch(airflow, "rolling restart", waits)
    batch.answer(0.3)
    batch.due_soon()
    cluster_faults.restart_one_by_one(stack)
    batch.answer(0.4)
    airflow.login()
    judge(batch, table)
