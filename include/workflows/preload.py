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
from typing import Any

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
    """Import and rehearse; a failure is logged and costs only the time it would have saved."""
    for warm in (import_modules, warm_airflow, warm_openai, tls_context, rehearse_main_job):
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


def warm_openai() -> None:
    """One call to a server of one answer: the package loads much of itself on first use."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    from openai import OpenAI

    from include.matching.embed import OpenAIEmbedder

    class OneVector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server calls
            self.rfile.read(int(self.headers["content-length"]))
            body = b'{"data": [{"index": 0, "embedding": [1.0]}]}'
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), OneVector) as server:
        server.timeout = 5
        thread = Thread(target=server.handle_request)
        thread.start()
        try:
            base_url = f"http://127.0.0.1:{server.server_port}/v1"
            OpenAIEmbedder(base_url, "none", "none", dimensions=1, timeout=5).embed(["a"])
        finally:
            thread.join()
        with OpenAI(base_url=base_url, api_key="none") as client:
            _ = client.chat.completions  # loads its types; no call is made


def rehearse_main_job() -> None:
    """Walk the main job's path through the database once; nothing of it stays there.

    Tasks that are forked afterwards use the same engine, with what it has learnt, and connections
    of their own.
    """
    from airflow.models.connection import Connection

    from include.base.connections import FEEDBACK_DB, info_from
    from include.store.session import database_url, engine_for
    from include.workflows.rehearsal import rehearse

    info = info_from(Connection.get_connection_from_secrets(FEEDBACK_DB))
    rehearse(engine_for(database_url(info)))


def warm_airflow() -> None:
    """Make a DAG and read its parameters, which is what every task process begins with.

    Airflow's decorators, the schemas of parameters and their patterns are loaded on first use.
    """
    from airflow.sdk import DAG, Param, task

    schemas: dict[str, dict[str, Any]] = {
        "text": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^a$"},
        "choice": {"type": ["null", "string"], "enum": [None, "a"]},
        "list": {"type": "array", "items": {"type": "string", "format": "uri"}, "maxItems": 9},
        "object": {"type": "object", "additionalProperties": False, "properties": {}},
    }
    values: dict[str, Any] = {"text": "a", "choice": None, "list": [], "object": {}}
    params = {name: Param(values[name], schema=schema) for name, schema in schemas.items()}
    with DAG("preload", schedule=None, params=params) as dag:

        @task
        def nothing() -> None:
            """Only made, never run."""

        nothing()
    dag.validate()  # type: ignore[no-untyped-call]
    dag.params.dump()
