"""Imports every task needs, made once in the process that tasks are forked from.

A task is a fresh process; importing the ``openai`` package and this product's models there costs
a second of CPU each time. With LocalExecutor tasks are forked from the scheduler, with Celery from
its worker: what is imported there before the fork costs a task nothing. A process started for one
task alone (Kubernetes) imports for itself; nothing depends on this module.

``plugins/preload.py`` registers this module as an Airflow listener; a Celery worker is started with
the settings of :mod:`include.workflows.celery_worker`.
"""

from __future__ import annotations

import logging
import sys
from importlib import import_module

from airflow.listeners import hookimpl

from include.base.tls import tls_context

log = logging.getLogger(__name__)

MODULES = (
    "airflow.providers.standard.decorators.branch_python",
    "airflow.providers.standard.decorators.python",
    "include.base.masking",
    "include.engine.assets",
    "include.engine.params",
    "include.durable.sensors",
    "include.workflows.import_feedback",
    "include.workflows.ingest_slack_feedback",
    "include.workflows.process_customer_entry",
    "include.operations.stuck",
    "include.matching.judge",
    "include.workflows.new_request",
    "include.engine.retry",
    "include.outbox.sender",
    "sqlalchemy.dialects.postgresql.psycopg",
    "phonenumbers",
    "psycopg",
)


SCHEDULER = "airflow.jobs.scheduler_job_runner"


@hookimpl
def on_starting(component: object) -> None:
    """Airflow's listener hook: preload if the scheduler starts, which has forked nothing yet.

    Airflow calls it for every job, and for every task with a component that is none. A job does
    not know its type yet when Airflow 3.3 calls; the scheduler is the one that has loaded its
    runner.
    """
    if hasattr(component, "job_type") and SCHEDULER in sys.modules:
        preload()


def preload() -> None:
    """Import; a failure is logged and costs only the time it would have saved."""
    for warm in (import_modules, tls_context):
        try:
            warm()
        except Exception as error:
            log.warning(
                "%s failed (%s); tasks do it for themselves and start slower",
                warm.__name__,
                type(error).__name__,
            )


def import_modules() -> None:
    """Import what tasks import, and prepare the tables' classes."""
    from sqlalchemy.orm import configure_mappers

    for module in MODULES:
        import_module(module)
    configure_mappers()
