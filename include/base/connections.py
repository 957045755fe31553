"""Airflow connections by name, read the same way in a task, the triggerer, the relay and a script.

An ``AIRFLOW_CONN_<ID>`` environment variable wins and needs no Airflow import, so scripts and
tests use the same code as production.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from include.base.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Mapping

FEEDBACK_DB = "feedback_db"
SLACK_APP = "slack_app"
EMBEDDINGS_API = "embeddings_api"
EMBEDDINGS_LANGUAGES = "embeddings_other_languages"
"""Optional: a second model, for texts in languages that the first does not read."""
CHAT_MODEL = "gtm_feedback_llm"
AIRFLOW_API = "airflow_api"


@dataclass(frozen=True)
class ConnectionInfo:
    """The parts of an Airflow connection this product uses; ``extra`` is the decoded JSON."""

    conn_id: str
    host: str = ""
    port: int | None = None
    login: str = ""
    password: str = field(default="", repr=False)
    schema: str = ""
    extra: dict[str, Any] = field(default_factory=dict, repr=False)


class MissingConnection(FatalError):
    """A connection is not defined; retrying does not help, defining it does."""


def get_connection(conn_id: str) -> ConnectionInfo:
    """The connection ``conn_id`` from the environment or, failing that, from Airflow.

    Raises:
        MissingConnection: it is defined nowhere; the message names the variable to set.
    """
    value = os.environ.get(f"AIRFLOW_CONN_{conn_id.upper()}")
    if value:
        return _from_environment(conn_id, value)
    return _from_airflow(conn_id)


def find_connection(conn_id: str) -> ConnectionInfo | None:
    """Like :func:`get_connection`, ``None`` when it is defined nowhere."""
    try:
        return get_connection(conn_id)
    except MissingConnection:
        return None


def _from_environment(conn_id: str, value: str) -> ConnectionInfo:
    try:
        is_json = value.lstrip().startswith("{")
        return _info(conn_id, json.loads(value) if is_json else _parts_of(value))
    except (ValueError, TypeError, AttributeError):
        # Without the cause, which may quote a password.
        raise FatalError(
            f"AIRFLOW_CONN_{conn_id.upper()} cannot be read. Write it as a URI or JSON with host, "
            "port, login, password, schema and extra."
        ) from None


def _parts_of(uri: str) -> dict[str, Any]:
    parts = urlsplit(uri)
    extra = dict(parse_qsl(parts.query))
    return {
        "host": unquote(parts.hostname or ""),
        "port": parts.port,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "schema": unquote(parts.path.lstrip("/")),
        "extra": extra.get("__extra__", extra),
    }


def _info(conn_id: str, parts: Mapping[str, Any]) -> ConnectionInfo:
    extra = parts.get("extra") or {}
    return ConnectionInfo(
        conn_id=conn_id,
        port=int(parts["port"]) if parts.get("port") else None,
        extra=dict(json.loads(extra) if isinstance(extra, str) else extra),
        **{name: parts.get(name) or "" for name in ("host", "login", "password", "schema")},
    )


def _from_airflow(conn_id: str) -> ConnectionInfo:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise MissingConnection(
            f"Airflow connection '{conn_id}' is not defined. Add it under Admin > Connections, in "
            f"airflow_settings.yaml, or set AIRFLOW_CONN_{conn_id.upper()}."
        ) from None
    return info_from(connection)


def info_from(connection: Any) -> ConnectionInfo:
    """An Airflow connection, of its SDK or of its database, as this product uses it."""
    names = ("host", "port", "login", "password", "schema")
    parts = {name: getattr(connection, name) for name in names}
    return _info(str(connection.conn_id), parts | {"extra": connection.extra_dejson})


def read_as_server() -> None:
    """Let a process of its own (not a task) read connections and variables from Airflow's metadata.

    Airflow's API server says the same of itself; other processes see environment variables and
    external secrets backends only. Call it before the first look-up.
    """
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
