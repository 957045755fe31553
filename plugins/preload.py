"""Registers the preload in the processes that fork task processes, and nowhere else."""

from __future__ import annotations

import sys

from airflow.plugins_manager import AirflowPlugin

listeners = []
if sys.argv[1:2] == ["scheduler"] or sys.argv[1:3] == ["celery", "worker"]:
    from include.workflows import preload

    listeners.append(preload)
    if sys.argv[1] == "celery":  # Celery's worker has no start of its own that listeners hear of
        preload.preload()


class PreloadPlugin(AirflowPlugin):
    """Airflow's registration."""

    name = "gtm_feedback_preload"
    listeners = listeners
