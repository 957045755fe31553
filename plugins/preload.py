"""Registers what imports, before the scheduler forks task processes, all that tasks need."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from include.workflows import preload


class PreloadPlugin(AirflowPlugin):
    """Registers the listener."""

    name = "gtm_feedback_preload"
    listeners: Any = (preload,)
