"""Imports every task needs, made once in the process that tasks are forked from.

A task is a fresh process; importing the ``openai`` package and this product's models there costs
a second of CPU each time. With LocalExecutor tasks are forked from the scheduler, with Celery from
its worker: what is imported there before the fork costs a task nothing. A process started for one
task alone (Kubernetes) imports for itself; nothing depends on this module.

``plugins/preload.py`` registers this module as an Airflow listener where it pays.
"""

from __future__ import annotations

import logging
from importlib import import_module

from airflow.listeners import hookimpl

log = logging.getLogger(__name__)

MODULES = (
    "airflow.providers.standard.decorators.branch_python",
    "airflow.providers.standard.decorators.python",
    "include.agents.masking",
    "include.dag_params",
    "include.durable.sensors",
    "include.feedback.import_steps",
    "include.feedback.ingest",
    "include.feedback.steps",
    "include.feedback.sweep",
    "include.matching.judge",
    "include.requests.steps",
    "include.retry",
    "include.slack.sender",
    "sqlalchemy.dialects.postgresql.psycopg",
    "psycopg",
)


@hookimpl
def on_starting(component: object) -> None:  # noqa: ARG001
    """Airflow's listener hook: the scheduler starts and has not forked its workers yet."""
    preload()


def preload() -> None:
    """Import; a failure is logged and costs only the time it would have saved."""
    try:
        from openai import DefaultHttpxClient, OpenAI
        from sqlalchemy.orm import configure_mappers

        for module in MODULES:
            import_module(module)
        warm_airflow()
        configure_mappers()
        # The package loads its types when a client is first used. No call is made.
        with OpenAI(
            base_url="http://127.0.0.1:9/v1",
            api_key="none",
            http_client=DefaultHttpxClient(verify=False),
        ) as client:
            _ = client.embeddings, client.chat.completions
    except Exception:
        log.exception("Preloading failed; tasks import for themselves and start slower")


def warm_airflow() -> None:
    """Make a DAG and read its parameters, which is what every task process begins with.

    Airflow's decorators, the schemas of parameters and their patterns are loaded on first use.
    """
    from airflow.sdk import DAG, Param, task

    params = {
        "text": Param("a", type="string", minLength=1, maxLength=9, pattern="^a$"),
        "choice": Param(None, type=["null", "string"], enum=[None, "a"]),
        "list": Param([], type="array", items={"type": "string", "format": "uri"}, maxItems=9),
        "object": Param({}, type=["null", "object"], additionalProperties=False, properties={}),
    }
    with DAG("preload", schedule=None, params=params) as dag:

        @task
        def nothing() -> None:
            """Only made, never run."""

        nothing()
    dag.validate()  # type: ignore[no-untyped-call]
    dag.params.dump()
