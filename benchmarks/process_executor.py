"""An executor that starts each task as a pod of KubernetesExecutor does, without the pod.

The command is the pod's own: a fresh interpreter runs ``airflow.sdk.execution_time
.execute_workload`` with the workload as JSON. Nothing is forked from the scheduler, so each task
imports everything for itself. For measuring: what runs when the scheduler dies is not adopted.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

from airflow.executors.base_executor import BaseExecutor
from airflow.utils.state import TaskInstanceState

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = ("-m", "airflow.sdk.execution_time.execute_workload", "--json-string")


class ProcessExecutor(BaseExecutor):
    """At most ``parallelism`` processes at once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.processes: dict[Any, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """There is nothing to prepare."""

    def _process_workloads(self, workload_items: Sequence[Any]) -> None:
        for workload in workload_items:
            del self.queued_tasks[workload.key]
            self.running.add(workload.key)
            self.processes[workload.key] = subprocess.Popen(
                [sys.executable, *COMMAND, workload.model_dump_json()], stdout=subprocess.DEVNULL
            )

    def sync(self) -> None:
        """Say which processes have ended; the task's own state is what the API server was told."""
        ended = [key for key, process in self.processes.items() if process.poll() is not None]
        for key in ended:
            if self.processes.pop(key).returncode == 0:
                self.change_state(key, TaskInstanceState.SUCCESS)
            else:
                self.change_state(key, TaskInstanceState.FAILED)

    def end(self) -> None:
        """Wait for what runs."""
        for process in self.processes.values():
            process.wait()
        self.sync()

    def terminate(self) -> None:
        """End what runs at once."""
        for process in self.processes.values():
            process.kill()
