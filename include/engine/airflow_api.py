"""Runs through Airflow's REST API (start, look, clear), from the connection ``airflow_api``.

Host, port, login and password; the schema (or extra ``schema``) says ``http`` or ``https``.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import httpx

from include.base.connections import AIRFLOW_API, ConnectionInfo, get_connection
from include.base.errors import TransientError
from include.base.tls import tls_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

TIMEOUT_SECONDS = 10.0
BULK_SECONDS = 120.0
_EXPIRY_MARGIN = 30.0
_PAGE = 100
_END_AT_ONCE = 20

_lock = threading.Lock()
_tokens: dict[tuple[str, str], str] = {}


class StartStatus(StrEnum):
    """What became of an attempt to start a run."""

    STARTED = "started"
    EXISTS = "exists"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class StartResult:
    """``reason`` says why a run was not started; it never quotes Airflow, which quotes the conf."""

    status: StartStatus
    reason: str | None = None
    is_absent: bool = False


def start_run(
    dag_id: str, run_id: str, conf: dict[str, Any], *, note: str | None = None
) -> StartResult:
    """Start a run; one that exists already is a success. ``note`` is shown with the run.

    ``REFUSED`` (the conf is not valid) is permanent. ``UNAVAILABLE`` is not: Airflow is away or
    busy, the credentials or rights are wrong, or the DAG is not there yet (``is_absent``).

    Raises:
        MissingConnection: ``airflow_api`` is not defined.
    """
    body = {"dag_run_id": run_id, "conf": conf, "logical_date": None}
    if note is not None:
        body["note"] = note
    try:
        answer = call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)
    except TransientError as error:
        return _unavailable(str(error))
    return _read(answer.status_code, dag_id)


def run_state(dag_id: str, run_id: str) -> str | None:
    """State of a run (``queued``, ``running``, ``success``, ``failed``), ``None`` if it is gone.

    Raises:
        MissingConnection: ``airflow_api`` is not defined.
        TransientError: Airflow cannot be asked now.
    """
    answer = call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}")
    if answer.status_code == 404:
        return None
    require(answer)
    return str(answer.json()["state"])


def failed_runs(dag_id: str, since: datetime) -> list[str]:
    """Ids of the runs of a DAG that failed since, newest first, at most 100.

    Raises:
        MissingConnection: ``airflow_api`` is not defined.
        TransientError: Airflow cannot be asked now.
    """
    query = urlencode(
        {
            "state": "failed",
            "updated_at_gte": since.isoformat(),
            "order_by": "-id",
            "limit": 100,
        }
    )
    answer = call("GET", f"/api/v2/dags/{dag_id}/dagRuns?{query}")
    require(answer)
    return [str(run["dag_run_id"]) for run in answer.json()["dag_runs"]]


def continue_run(dag_id: str, run_id: str) -> int:
    """Clear the failed tasks of a run and what follows them, so that it goes on; how many.

    A run without failed tasks (somebody marked it) is cleared as a whole: every step of this
    product may be repeated.

    Raises:
        MissingConnection: ``airflow_api`` is not defined.
        TransientError: Airflow cannot be asked now, or refuses.
    """
    cleared = 0
    for only_failed in (True, False):
        if not cleared:
            body = {
                "dry_run": False,
                "dag_run_id": run_id,
                "only_failed": only_failed,
                "include_downstream": True,
                "reset_dag_runs": True,
            }
            answer = call("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", body)
            require(answer)
            cleared = int(answer.json()["total_entries"])
    return cleared


def call(
    method: str, path: str, body: dict[str, Any] | None = None, timeout: float = TIMEOUT_SECONDS
) -> httpx.Response:
    """One request with a valid token; whatever Airflow answers is returned.

    Raises:
        MissingConnection: ``airflow_api`` is not defined.
        TransientError: Airflow cannot be reached or refuses the login.
    """
    info = _connection(os.environ.get(f"AIRFLOW_CONN_{AIRFLOW_API.upper()}"), time.time() // 60)
    url = base_url(info)
    try:
        with httpx.Client(
            base_url=url, timeout=timeout, trust_env=False, verify=tls_context()
        ) as client:
            answer = client.request(method, path, json=body, headers=_login(client, info))
            if answer.status_code == 401:
                _forget(info)
                answer = client.request(method, path, json=body, headers=_login(client, info))
            return answer
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        raise TransientError(f"Airflow refused the login with HTTP {status}") from None
    except (httpx.HTTPError, ValueError, KeyError) as error:
        kind = type(error).__name__
        raise TransientError(f"Airflow's API cannot be used: {kind}") from None


@lru_cache(maxsize=2)
def _connection(_environment: str | None, _minute: float) -> ConnectionInfo:
    """The connection; reading it is a call as well, so it is read once a minute."""
    return get_connection(AIRFLOW_API)


def require(answer: httpx.Response) -> None:
    """Raise ``TransientError`` unless the request succeeded; Airflow's text is not repeated."""
    if not answer.is_success:
        raise TransientError(
            f"Airflow answered HTTP {answer.status_code} to {answer.request.method}"
        )


def base_url(info: ConnectionInfo) -> str:
    """``scheme://host:port`` of the connection."""
    scheme = str(info.extra.get("schema") or info.schema or "http").lower()
    if scheme not in ("http", "https"):
        scheme = "http"
    host = info.host or "localhost"
    if "://" in host:
        scheme, host = host.split("://", 1)
    host = host.rstrip("/")
    return f"{scheme}://{host}:{info.port}" if info.port else f"{scheme}://{host}"


def _read(status: int, dag_id: str) -> StartResult:
    if 200 <= status < 300:
        return StartResult(StartStatus.STARTED)
    if status == 409:
        return StartResult(StartStatus.EXISTS)
    if status in (400, 422):
        return StartResult(
            StartStatus.REFUSED, f"Airflow refused the input of {dag_id} with HTTP {status}"
        )
    hint = {
        401: "the credentials of connection 'airflow_api' are refused",
        403: f"the user of connection 'airflow_api' may not start {dag_id}",
        404: f"DAG {dag_id} is not there (yet)",
    }.get(status, "Airflow cannot start it now")
    return _unavailable(f"HTTP {status}: {hint}", is_absent=status == 404)


def _unavailable(reason: str, *, is_absent: bool = False) -> StartResult:
    return StartResult(StartStatus.UNAVAILABLE, reason, is_absent)


def _login(client: httpx.Client, info: ConnectionInfo) -> dict[str, str]:
    key = (base_url(info), info.login)
    with _lock:
        token = _tokens.get(key)
    if token is None or _expired(token):
        credentials = {"username": info.login, "password": info.password}
        answer = client.post("/auth/token", json=credentials).raise_for_status()
        token = str(answer.json()["access_token"])
        with _lock:
            _tokens[key] = token
    return {"Authorization": f"Bearer {token}"}


def _forget(info: ConnectionInfo) -> None:
    with _lock:
        _tokens.pop((base_url(info), info.login), None)


def _expired(token: str) -> bool:
    """Whether the token says so itself; one that cannot be read is used until it is refused."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"]) - _EXPIRY_MARGIN <= time.time()
    except (IndexError, KeyError, TypeError, ValueError):
        return False


@dataclass(frozen=True)
class WaitingRun:
    """A run that Airflow has accepted and in which a given task has not begun."""

    run_id: str
    conf: dict[str, Any]


def waiting_runs(dag_id: str, task_id: str, limit: int) -> list[WaitingRun]:
    """Runs of a DAG in which no worker has begun a task, oldest first, at most ``limit``.

    Raises:
        MissingConnection: ``airflow_api`` is not defined.
        TransientError: Airflow cannot be asked now.
    """
    waiting: set[str] = set()
    path = f"/api/v2/dags/{dag_id}/dagRuns/~/taskInstances"
    states = [("state", state) for state in ("none", "scheduled", "queued")]
    query = [("task_id", task_id), *states]
    for item in _pages(path, query, "task_instances", limit):
        waiting.add(str(item["dag_run_id"]))
    found = []
    query = [("state", "queued"), ("state", "running"), ("order_by", "run_after")]
    for run in _pages(f"/api/v2/dags/{dag_id}/dagRuns", query, "dag_runs", 10 * limit):
        if run["dag_run_id"] in waiting:
            found.append(WaitingRun(str(run["dag_run_id"]), dict(run["conf"] or {})))
            if len(found) == len(waiting):
                break
    return found


def end_runs(dag_id: str, run_ids: list[str], note: str) -> int:
    """Mark runs as successful with a note that says why; how many were. Done again, it is harmless.

    Raises:
        MissingConnection: ``airflow_api`` is not defined.
        TransientError: Airflow cannot be asked now, or refuses.
    """
    ended = 0
    for start in range(0, len(run_ids), _END_AT_ONCE):
        part = run_ids[start : start + _END_AT_ONCE]
        entities = [
            {"dag_run_id": run_id, "dag_id": dag_id, "state": "success", "note": note}
            for run_id in part
        ]
        action = {"action": "update", "entities": entities, "action_on_non_existence": "skip"}
        answer = call(
            "PATCH", f"/api/v2/dags/{dag_id}/dagRuns", {"actions": [action]}, BULK_SECONDS
        )
        require(answer)
        ended += len((answer.json().get("update") or {}).get("success") or [])
    return ended


def _pages(
    path: str, query: list[tuple[str, str]], what: str, limit: int
) -> Iterator[dict[str, Any]]:
    """The items of a list, page by page; the server decides how long a page is."""
    offset = 0
    while offset < limit:
        part = urlencode([*query, ("limit", _PAGE), ("offset", offset)])
        answer = call("GET", f"{path}?{part}", timeout=BULK_SECONDS)
        require(answer)
        body = answer.json()
        yield from body[what]
        offset += len(body[what])
        if not body[what] or offset >= int(body["total_entries"]):
            return
