"""Waiting as a task: ``HookSensor`` for an answer, ``SleepSensor`` for a time.

Both start in the triggerer and end there; no worker is used at either end (a mapped one starts
on a worker, because Airflow cannot start mapped tasks in the triggerer).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator
from airflow.triggers.base import StartTriggerArgs

from include.durable.keys import hook_key

if TYPE_CHECKING:
    from airflow.sdk import Context

_TRIGGER = "include.durable.trigger.HookTrigger"


class HookSensor(BaseSensorOperator):
    """Wait until the durable hook ``name`` of this run is answered, expires or is cancelled.

    An upstream task has opened the hook with ``create_hook`` (same ``name``). The result is data,
    never an exception: ``{"outcome": "answered" | "expired" | "cancelled", "answer": {...},
    "answered_by", "answered_via", "closed_at", "hook_id", "round"}``; the DAG branches on it. Read
    it with :func:`include.durable.types.outcome_from_xcom`.
    """

    ui_color = "#f4d35e"
    start_from_trigger = True

    def __init__(
        self, *, name: str = "answer", conn_id: str = "feedback_db", **kwargs: Any
    ) -> None:
        kwargs.setdefault("timeout", timedelta(days=3650))
        # Airflow applies an execution_timeout, also one from default_args, to the time a task is
        # deferred: a question would fail after it. How long to wait is the hook's own business.
        kwargs["execution_timeout"] = None
        super().__init__(**kwargs)
        self.name = name
        self.conn_id = conn_id
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=_TRIGGER,
            trigger_kwargs=self._trigger_arguments(),
            next_method="execute_complete",
            next_kwargs=None,
            timeout=None,
        )

    def _trigger_arguments(self) -> dict[str, Any]:
        return self._common() | {"kind": "approval", "seconds": None}

    def _common(self) -> dict[str, Any]:
        common: dict[str, Any] = {"name": self.name, "conn_id": self.conn_id}
        # Ending such a wait from outside would leave out what its success means to Airflow.
        if self.outlets or self.on_success_callback:
            common["wait_resumes"] = True
        return common

    def execute(self, context: Context) -> NoReturn:
        """Only when mapped or under ``dag.test()``: defer from the worker."""
        from include.durable.trigger import HookTrigger, identity

        trigger = HookTrigger(**self._trigger_arguments(), task_instance_of=identity(context["ti"]))
        self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(
        self,
        context: Context,
        event: Any = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Only under ``dag.test()``, which cannot end a task in the trigger: read the outcome."""
        from include.durable.api import find_hook
        from include.store.session import session_scope

        ti = context["ti"]
        map_index = -1 if ti.map_index is None else ti.map_index
        key = hook_key(ti.dag_id, ti.run_id, self.name, map_index)
        with session_scope() as session:
            hook = find_hook(session, key)
        if hook is None:
            raise RuntimeError(f"no durable hook {key!r}: call create_hook in an upstream task")
        return hook.outcome()


class SleepSensor(HookSensor):
    """Sleep for ``duration``, however often the task is retried, cleared or restarted meanwhile.

    The due time is stored when the sensor first starts and never begins again. Somebody may wake
    it early by answering its hook; the outcome is then ``answered`` instead of ``due``.
    """

    ui_color = "#8ecae6"

    def __init__(
        self,
        *,
        duration: timedelta,
        name: str = "sleep",
        conn_id: str = "feedback_db",
        **kwargs: Any,
    ) -> None:
        if duration < timedelta(0):
            raise ValueError(f"duration must not be negative, got {duration}")
        self.duration = duration
        super().__init__(name=name, conn_id=conn_id, **kwargs)

    def _trigger_arguments(self) -> dict[str, Any]:
        return self._common() | {"kind": "sleep", "seconds": self.duration.total_seconds()}
