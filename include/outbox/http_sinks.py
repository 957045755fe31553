"""Two optional HTTP receivers: the web app's cache and a sink for analytics events.

Each is an Airflow connection of type ``http``; without it the step is skipped with a note. Extra
``path`` is where to post, the password is sent as bearer token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from include.base.connections import find_connection
from include.base.errors import FatalError, TransientError
from include.base.http_answers import retry_after_seconds

if TYPE_CHECKING:
    from include.base.connections import ConnectionInfo

WEB_APP = "gtm_feedback_web"
ANALYTICS_SINK = "gtm_feedback_analytics"
TIMEOUT_SECONDS = 10.0
_TRANSIENT = frozenset({408, 409, 425, 429})


def post_json(
    conn_id: str, default_path: str, body: dict[str, Any], *, idempotency_key: str
) -> str | None:
    """Post to the receiver; ``None`` when it took it, else why the call was skipped.

    Raises:
        FatalError: the receiver refuses the call (4xx); trying again cannot help.
        TransientError: it cannot be reached, limits the rate, or fails (5xx).
    """
    info = find_connection(conn_id)
    if info is None or not info.host:
        return f"connection '{conn_id}' is not set"
    url = _address(info) + str(info.extra.get("path") or default_path)
    headers = {"Idempotency-Key": idempotency_key}
    if info.password:
        headers["Authorization"] = f"Bearer {info.password}"
    try:
        answer = httpx.post(
            url, json=body, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
        )
    except httpx.HTTPError as error:
        raise TransientError(f"'{conn_id}' cannot be reached ({type(error).__name__})") from None
    if answer.is_success:
        return None
    said = f"'{conn_id}' answered HTTP {answer.status_code}"
    if answer.status_code in _TRANSIENT or answer.status_code >= 500:
        raise TransientError(said, retry_after=retry_after_seconds(answer.headers))
    raise FatalError(f"{said}: check its address, extra 'path' and password")


def _address(info: ConnectionInfo) -> str:
    scheme = str(info.schema or info.extra.get("scheme") or "https")
    host = info.host if "://" in info.host else f"{scheme}://{info.host}"
    return host.rstrip("/") + (f":{info.port}" if info.port else "")
