"""Celery's settings for this product: a worker imports what tasks need before it forks its pool.

Set ``AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS=include.workflows.celery_worker.CONFIG`` wherever
Celery is the executor. A plugin would be too late: Airflow loads them in each task's own process.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.celery.executors.default_celery import DEFAULT_CELERY_CONFIG
from celery.signals import worker_init

from include.workflows.preload import preload

CONFIG: dict[str, Any] = DEFAULT_CELERY_CONFIG


def before_the_pool_is_forked(**_signal: Any) -> None:
    """Celery's signal in a worker's main process; nothing else of Celery sends it."""
    preload()


worker_init.connect(before_the_pool_is_forked, weak=False)
