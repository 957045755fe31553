"""The trigger behind both sensors: it joins the process's one loop and ends its task there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

from include.durable.keys import hook_key
from include.durable.loop import Pass, Wait, closed_hook, loop_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable


DEFERRED = "deferred"
"""The state of a task that waits in a triggerer."""


class HookTrigger(BaseEventTrigger):
    """Waits for one durable hook of the task instance it belongs to.

    Its arguments hold names and numbers only; everything else is in the hook's row. All
    instances in a triggerer share one stream, whatever they wait for.

    Args:
        name: What the wait is called in its DAG.
        kind: ``approval`` or ``sleep``.
        seconds: Length of a sleep; ``None`` for a hook that an upstream task created.
        conn_id: Connection of the database with the hooks.
        task_instance_of: Who waits, as :func:`identity` gives it; set by a sensor that starts on
            a worker, otherwise read from the task instance.
        wait_resumes: The task itself must run again when its parked run goes on.
        retired: Arguments of earlier releases, accepted and ignored.
    """

    def __init__(
        self,
        name: str,
        kind: str = "approval",
        seconds: float | None = None,
        conn_id: str = "feedback_db",
        task_instance_of: dict[str, Any] | None = None,
        wait_resumes: bool = False,
        **retired: Any,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.name = name
        self.kind = kind
        self.seconds = seconds
        self.conn_id = conn_id
        self.task_instance_of = task_instance_of
        self.wait_resumes = wait_resumes
        self.retired = retired

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments, as Airflow stores them."""
        arguments: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "seconds": self.seconds,
            "conn_id": self.conn_id,
        }
        if self.wait_resumes:
            arguments["wait_resumes"] = True
        if self.task_instance_of is not None:
            arguments["task_instance_of"] = self.task_instance_of
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    def shared_stream_key(self) -> Hashable:
        """All waits on one database share one loop."""
        return ("durable-hooks", self.conn_id)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Pass]:
        """The loop's passes that found something; never ends, survives a lost database."""
        async for found in loop_for(kwargs.get("conn_id", "feedback_db")).run():
            yield found

    async def filter_shared_stream(
        self, shared_stream: AsyncIterator[Pass]
    ) -> AsyncIterator[TriggerEvent]:
        """End the task with the hook's outcome as its XCom."""
        wait = self.wait()
        hook = await closed_hook(wait, shared_stream, loop_for(self.conn_id))
        if hook is None:
            self.log.error(
                "No durable hook %r: an upstream task must call create_hook(name=%r) before",
                wait.key,
                self.name,
            )
            yield TaskFailedEvent()
        else:
            yield TaskSuccessEvent(xcoms={"return_value": hook.outcome()})

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """The same without a triggerer's shared stream (``dag.test()``)."""
        stream = self.open_shared_stream({"conn_id": self.conn_id})
        async for event in self.filter_shared_stream(stream):
            yield event

    async def on_kill(self) -> None:
        """A user cleared or marked the task: the hook is closed and its handler told.

        Airflow calls this as well where nobody did: in a triggerer that was late with its
        heartbeat, so that its waits were given to another. Such a task still waits, and its hook
        stays open. What cannot be found out now the sweep closes once the run has ended.
        """
        wait = self.wait()
        if await task_state(wait) == DEFERRED:
            self.log.info("%s waits in another triggerer now", wait.key)
            return
        await loop_for(self.conn_id).cancel(wait)

    def wait(self) -> Wait:
        """What this instance waits for, from its task instance (no template is rendered)."""
        ti: Any = self.task_instance
        # dag.test() and a mapped sensor hand it over; a triggerer sets the task instance.
        of = self.task_instance_of or (identity(ti) if ti is not None else None)
        if of is None:
            raise RuntimeError("HookTrigger only works as the trigger of a task instance")
        return Wait(
            key=hook_key(of["dag_id"], of["run_id"], self.name, of["map_index"]),
            dag_id=of["dag_id"],
            run_id=of["run_id"],
            task_id=of["task_id"],
            map_index=of["map_index"],
            waiter=of["id"],
            kind=self.kind,
            seconds=self.seconds,
            wait_resumes=self.wait_resumes,
        )


class KeeperTrigger(BaseEventTrigger):
    """Keeps the loop and the keeper alive in a triggerer; the watcher of an asset, never an event.

    Args:
        conn_id: Connection of the database with the hooks.
        retired: Arguments of earlier releases, accepted and ignored.
    """

    def __init__(self, conn_id: str = "feedback_db", **retired: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.retired = retired

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments, as Airflow stores them."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"conn_id": self.conn_id}

    def shared_stream_key(self) -> Hashable:
        """The same loop as the waits' own."""
        return ("durable-hooks", self.conn_id)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Pass]:
        """As :class:`HookTrigger`."""
        async for found in HookTrigger.open_shared_stream(kwargs):
            yield found

    async def filter_shared_stream(
        self, shared_stream: AsyncIterator[Pass]
    ) -> AsyncIterator[TriggerEvent]:
        """Keep for ever; the stream is only drained, so that its queue does not fill."""
        from include.durable.catch_up import make_keeper
        from include.durable.keeper import keep

        keeping = asyncio.create_task(keep(loop_for(self.conn_id), make_keeper()))
        try:
            async for _ in shared_stream:
                pass
        finally:
            keeping.cancel()
        yield TriggerEvent(None)  # type: ignore[no-untyped-call]  # never reached: the stream does not end

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """The same without a triggerer's shared stream."""
        stream = self.open_shared_stream({"conn_id": self.conn_id})
        async for event in self.filter_shared_stream(stream):
            yield event


async def task_state(wait: Wait) -> str | None:
    """State of the task that waits, as Airflow has it now; ``None`` if it was cleared."""
    # Both are heavy, and only a triggerer needs them.
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    from asgiref.sync import sync_to_async

    states = await sync_to_async(RuntimeTaskInstance.get_task_states)(
        dag_id=wait.dag_id,
        map_index=wait.map_index,
        task_ids=[wait.task_id],
        run_ids=[wait.run_id],
    )
    of_run: dict[str, str | None] = states.get(wait.run_id) or {}
    return of_run.get(wait.task_id if wait.map_index < 0 else f"{wait.task_id}_{wait.map_index}")


def identity(ti: Any) -> dict[str, Any]:
    """What identifies a task instance, of whichever of Airflow's classes; JSON."""
    return {
        "dag_id": ti.dag_id,
        "run_id": ti.run_id,
        "task_id": ti.task_id,
        "map_index": -1 if ti.map_index is None else ti.map_index,
        "id": str(ti.id),
    }
