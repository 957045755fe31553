"""A part of the chaos suite for every run of the tests: the triggerer, and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.batch import Batch
from tests.chaos.effects import make_tables
from tests.chaos.faults import restart_postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.stack import Stack
    from tests.e2e.conftest import Airflow

WAITS = 10


@pytest.mark.parametrize("fault", ["triggerer killed", "PostgreSQL restarted"])
def test_waits_hot_and_cold_outlive_a_fault(
    airflow: Airflow, stack: Stack, configure: Callable[..., None], fault: str
) -> None:
    make_tables()
    configure(hot_waits=4)
    batch = Batch(airflow, fault, WAITS, sleeps=2)
    batch.start(cold=4)
    batch.answer(0.3)
    batch.due_soon()
    if fault == "triggerer killed":
        stack.kill("triggerer")
    else:
        restart_postgres(stack)
    batch.answer(0.4)
    stack.wait_ready()
    verdict = batch.verdict()
    assert (verdict.lost, verdict.doubled, verdict.wrong) == ([], [], [])
