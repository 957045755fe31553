"""Registers the handlers of durable hooks in every Airflow component.

They are called in the triggerer and in the sweep's tasks. Airflow loads plugins before either can
run: the triggerer when its job starts, a task before it is executed.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from include.workflows.hook_handlers import register_hook_handlers


class HookHandlersPlugin(AirflowPlugin):
    """Airflow's registration."""

    name = "gtm_feedback_hook_handlers"

    @classmethod
    def on_load(cls, *_args: Any, **_kwargs: Any) -> None:
        """Called by Airflow once the plugin is known."""
        register_hook_handlers()
