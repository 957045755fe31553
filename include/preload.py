"""Imports every task needs, made once in the process that tasks are forked from.

A task is a fresh process; importing the ``openai`` package and this product's models there costs
a second of CPU each time. With LocalExecutor tasks are forked from the scheduler, with Celery from
its worker: what is imported there before the fork costs a task nothing. A process started for one
task alone (Kubernetes) imports for itself; nothing depends on this module.

``plugins/preload.py`` registers this module as an Airflow listener where it pays.
"""

from __future__ import annotations

import logging

from airflow.listeners import hookimpl

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: object) -> None:  # noqa: ARG001
    """Airflow's listener hook: the scheduler starts and has not forked its workers yet."""
    preload()


def preload() -> None:
    """Import; a failure is logged and costs only the time it would have saved."""
    try:
        from openai import DefaultHttpxClient, OpenAI
        from sqlalchemy.orm import configure_mappers

        import include.durable.sensors
        import include.feedback.import_steps
        import include.feedback.steps
        import include.feedback.sweep
        import include.matching.judge
        import include.requests.steps
        import include.retry
        import include.slack.sender  # noqa: F401

        configure_mappers()
        # The package loads its types when a client is first used. No call is made.
        with OpenAI(
            base_url="http://127.0.0.1:9/v1",
            api_key="none",
            http_client=DefaultHttpxClient(verify=False),
        ) as client:
            _ = client.embeddings
    except Exception:
        log.exception("Preloading failed; tasks import for themselves and start slower")
