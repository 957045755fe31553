"""A triggerer that must let a wait go: closed if somebody acted on the task, else left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from include.durable import trigger as triggers
from include.durable.trigger import HookTrigger

if TYPE_CHECKING:
    from include.durable.loop import Wait

OF = {"dag_id": "d", "run_id": "r", "task_id": "w", "map_index": -1, "id": "ti"}


@pytest.fixture
def cancelled(monkeypatch: pytest.MonkeyPatch) -> list[Wait]:
    """The waits whose hooks were closed."""
    waits: list[Wait] = []

    class Loop:
        async def cancel(self, wait: Wait) -> None:
            waits.append(wait)

    monkeypatch.setattr(triggers, "loop_for", lambda _: Loop())
    return waits


def airflow_says(monkeypatch: pytest.MonkeyPatch, states: dict[str, dict[str, str | None]]) -> None:
    def get_task_states(**wanted: Any) -> dict[str, dict[str, str | None]]:
        assert (wanted["dag_id"], wanted["run_ids"], wanted["task_ids"]) == ("d", ["r"], ["w"])
        return states

    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(get_task_states))


@pytest.mark.parametrize(
    "states",
    [{"r": {"w": None}}, {"r": {"w": "success"}}, {"r": {"w": "failed"}}, {"r": {}}, {}],
    ids=["cleared", "marked as success", "marked as failed", "removed", "run deleted"],
)
async def test_a_hook_is_closed_when_somebody_acted_on_its_task(
    states: dict[str, dict[str, str | None]],
    cancelled: list[Wait],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    airflow_says(monkeypatch, states)
    trigger = HookTrigger("answer", task_instance_of=OF)
    await trigger.on_kill()
    assert cancelled == [trigger.wait()]


@pytest.mark.parametrize(("map_index", "name"), [(-1, "w"), (3, "w_3")])
async def test_a_hook_stays_open_when_another_triggerer_was_given_the_wait(
    map_index: int, name: str, cancelled: list[Wait], monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_says(monkeypatch, {"r": {name: "deferred"}})
    await HookTrigger("answer", task_instance_of=OF | {"map_index": map_index}).on_kill()
    assert cancelled == []


async def test_a_hook_stays_open_when_airflow_cannot_be_asked(
    cancelled: list[Wait], monkeypatch: pytest.MonkeyPatch
) -> None:
    def get_task_states(**_: Any) -> None:
        raise OSError("gone")

    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(get_task_states))
    with pytest.raises(OSError, match="gone"):
        await HookTrigger("answer", task_instance_of=OF).on_kill()
    assert cancelled == []
