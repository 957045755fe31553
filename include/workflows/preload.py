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
    # What Airflow imports in each task's process, and in the process that supervises it.
    "airflow.dag_processing.bundles.local",
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.decorators.branch_python",
    "airflow.providers.standard.decorators.python",
    "airflow.sdk.definitions.asset.metadata",
    "airflow.sdk.definitions.connection",
    "airflow.sdk.definitions.decorators",
    "airflow.sdk.execution_time.cache",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.version",
    # What the product's tasks import, also inside functions.
    "include.base.credentials",
    "include.base.identifiers",
    "include.base.masking",
    "include.base.national_numbers",
    "include.base.phones",
    "include.durable.handlers",
    "include.durable.sensors",
    "include.engine.assets",
    "include.engine.params",
    "include.engine.retry",
    "include.matching.judge",
    "include.operations.stuck",
    "include.outbox.sender",
    "include.web.lazy",
    "include.workflows.hook_handlers",
    "include.workflows.import_feedback",
    "include.workflows.ingest_slack_feedback",
    "include.workflows.new_request",
    "include.workflows.process_customer_entry",
    "openai.resources.chat.completions",
    "openai.resources.embeddings",
    "phonenumbers",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    # What the openai package imports with its first call.
    "httpcore2",
    "truststore",
)

SCHEDULER = "airflow.jobs.scheduler_job_runner"


@hookimpl
def on_starting(component: object) -> None:
    """Airflow's listener hook: preload if a scheduler starts that will fork tasks.

    Airflow calls it for every job, and for every task with a component that is none. A job does
    not know its type yet when Airflow 3.3 calls; the scheduler is the one that has loaded its
    runner.
    """
    if hasattr(component, "job_type") and SCHEDULER in sys.modules and forks_tasks():
        preload()


def forks_tasks() -> bool:
    """Whether the scheduler's executor forks tasks from the scheduler."""
    from airflow.configuration import conf

    return "LocalExecutor" in conf.get("core", "executor")


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
