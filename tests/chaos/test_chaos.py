"""Every component is killed while waits are open, answered and asleep: none is lost, none doubled.

A third of the answers is given before the fault, a third while it lasts, a third after it.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.chaos import faults
from tests.chaos.batch import DONE_SECONDS, Batch, Verdict
from tests.e2e.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.stack import Stack
    from tests.e2e.conftest import Airflow

COMPONENTS = ("triggerer", "scheduler", "api-server", "dag-processor")
RANDOM_FAULTS = 6
SEED = 20260301

# Longer than a batch may take: what is not done by then must be counted, not cut off.
pytestmark = pytest.mark.timeout(DONE_SECONDS + 480)


def open_batch(airflow: Airflow, fault: str, waits: int) -> Batch:
    batch = Batch(airflow, fault, waits, sleeps=waits // 5)
    batch.start(cold=waits // 2)
    return batch


def judge(batch: Batch, table: list[Verdict]) -> None:
    verdict = batch.verdict()
    table.append(verdict)
    assert (verdict.lost, verdict.doubled, verdict.wrong) == ([], [], [])


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_killed_component_loses_nothing(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict], component: str
) -> None:
    batch = open_batch(airflow, f"{component} killed", waits)
    batch.answer(0.3)
    batch.due_soon()
    stack.kill(component)
    batch.answer(0.4)
    stack.wait_ready()
    airflow.login()
    judge(batch, table)


def test_of_two_triggerers_one_is_killed(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    with faults.second_triggerer(stack) as second:
        batch = open_batch(airflow, "one of two triggerers killed", waits)
        batch.answer(0.3)
        batch.due_soon()
        stack.kill("triggerer")
        batch.answer(0.3)
        stack.wait_ready()
        faults.kill_group(second)
        judge(batch, table)


def test_everything_is_stopped_and_answers_arrive_meanwhile(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    batch = open_batch(airflow, "everything stopped", waits)
    batch.due_soon()
    stack.stop("all")
    batch.answer(0.6)
    stack.up()
    airflow.login()
    judge(batch, table)


def test_postgresql_is_restarted_without_mercy(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    batch = open_batch(airflow, "PostgreSQL restarted", waits)
    batch.answer(0.3)
    batch.due_soon()
    faults.restart_postgres(stack)
    batch.answer(0.4)
    stack.wait_ready()
    judge(batch, table)


def test_every_connection_is_cut_again_and_again(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    batch = open_batch(airflow, "connections cut five times", waits)
    batch.due_soon()
    for _ in range(5):
        batch.answer(0.15)
        faults.cut_connections(stack)
        time.sleep(1)
    stack.wait_ready()
    judge(batch, table)


def test_random_faults_while_answers_arrive(
    airflow: Airflow, stack: Stack, waits: int, table: list[Verdict]
) -> None:
    chance = random.Random(SEED)
    batch = open_batch(airflow, f"{RANDOM_FAULTS} random faults, seed {SEED}", waits)
    batch.due_soon()
    happenings: list[Callable[[], None]] = [
        *(lambda c=c: stack.kill(c) for c in COMPONENTS),
        lambda: faults.cut_connections(stack),
    ]
    for _ in range(RANDOM_FAULTS):
        batch.answer(1 / (RANDOM_FAULTS + 1))
        chance.choice(happenings)()
        until(lambda: "RUNNING" in stack.status(), 30)
        time.sleep(chance.uniform(0.5, 4))
    stack.wait_ready()
    airflow.login()
    judge(batch, table)
