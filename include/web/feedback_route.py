"""The REST route for feedback, mounted into Airflow's API server (``plugins/feedback_intake.py``).

``POST /feedback/entries`` stores one submission or many at once and answers as soon as they are
stored; ``GET /feedback/entries/{id}`` says what became of one; ``GET /feedback/openapi.json``
describes both. Who may start ``process_customer_entry`` may submit, and who may read its runs may
read. Who is calling and how much is sent is looked at before the body is read.
"""

from __future__ import annotations

import json
import logging
from typing import Annotated, Any

import anyio
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import (
    GetUserDep,
    requires_access_dag,
)
from fastapi import Depends, FastAPI, HTTPException, Path, status
from fastapi.responses import JSONResponse
from starlette.requests import Request

from include.base.checked import Refused
from include.base.errors import Defect, FatalError, TransientError
from include.base.safe_log import describe, where
from include.engine.dag_ids import MAIN_DAG
from include.engine.params import LARGEST_ID, schema_of
from include.entries import intake
from include.entries.intake import MOST_AT_ONCE
from include.entries.submission import Submission
from include.relay import background
from include.store.refusals import RETRY_SECONDS

log = logging.getLogger(__name__)

THREADS = 8
LONGEST_BODY = 16 * 1024 * 1024
BODY = {
    "anyOf": [
        schema_of(Submission),
        {
            "type": "object",
            "properties": {
                "entries": {
                    "type": "array",
                    "items": schema_of(Submission),
                    "minItems": 1,
                    "maxItems": MOST_AT_ONCE,
                }
            },
            "required": ["entries"],
        },
    ]
}


def build() -> FastAPI:
    """The app with its three routes."""
    app = FastAPI(title="Feedback intake", docs_url=None, redoc_url=None, openapi_url=None)
    limiter: list[anyio.CapacityLimiter] = []
    may_write = Depends(requires_access_dag("POST", DagAccessEntity.RUN, MAIN_DAG))
    may_read = Depends(requires_access_dag("GET", DagAccessEntity.RUN, MAIN_DAG))

    async def in_thread(work: Any, *arguments: Any) -> Any:
        # Own threads: a slow database must not use up those of Airflow's API.
        if not limiter:
            limiter.append(anyio.CapacityLimiter(THREADS))
        return await anyio.to_thread.run_sync(work, *arguments, limiter=limiter[0])

    @app.post(
        "/entries",
        status_code=status.HTTP_202_ACCEPTED,
        dependencies=[may_write],
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/json": {"schema": BODY}}}
        },
    )
    async def submit(request: Request, user: GetUserDep) -> dict[str, Any]:
        """Store one submission, or many as ``{"entries": [...]}``; all of them or none."""
        by = f"airflow:{user.get_name()}"
        return {"entries": await in_thread(_submit, await _read_body(request), by)}

    @app.get("/entries/{entry_id}", dependencies=[may_read])
    async def read(entry_id: Annotated[int, Path(ge=1, le=LARGEST_ID)]) -> dict[str, Any]:
        """What became of an entry."""
        found: dict[str, Any] | None = await in_thread(intake.standing, entry_id)
        if found is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f"there is no entry {entry_id}")
        return found

    @app.get("/openapi.json", dependencies=[may_read], include_in_schema=False)
    async def document() -> dict[str, Any]:
        """The OpenAPI document of these routes."""
        return app.openapi()

    @app.exception_handler(FatalError)
    async def refused(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)

    @app.exception_handler(Defect)
    async def at_fault(_request: Request, error: Exception) -> JSONResponse:
        log.error("Feedback could not be taken: %s\n%s", describe(error), where(error))
        return JSONResponse({"detail": "GTM Feedback is at fault; see its log."}, 500)

    @app.exception_handler(TransientError)
    async def away(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503, {"retry-after": str(RETRY_SECONDS)})

    return app


async def _read_body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(
            status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "send JSON, with content-type application/json"
        )
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY:
            raise HTTPException(
                status.HTTP_413_CONTENT_TOO_LARGE,
                f"the body has more than {LONGEST_BODY} bytes; send fewer entries at once",
            )
    return bytes(body)


def _submit(raw: bytes, by: str) -> list[dict[str, Any]]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise FatalError("the body is not JSON in UTF-8") from None
    many = body["entries"] if isinstance(body, dict) and "entries" in body else [body]
    if not isinstance(many, list) or not 0 < len(many) <= MOST_AT_ONCE:
        raise FatalError(f"entries must be a list of 1 to {MOST_AT_ONCE} submissions")
    arrivals, problems = [], []
    for number, values in enumerate(many):
        try:
            arrivals.append(intake.arrival(values))
        except Refused as error:
            problems += [
                {"entry": number, "field": one.field, "problem": str(one)} for one in error.problems
            ]
    if problems:
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, problems)
    taken, start_ids = intake.take_in_now(arrivals, handed_in_by=by)
    if start_ids:
        background.submit(intake.start, start_ids)
    unknown = intake.warnings([one.entry_id for one in taken])
    return [
        {
            "entry_id": one.entry_id,
            "status": one.status,
            "dag_id": one.dag_id,
            "run_id": one.run_id,
            "is_new": one.is_new,
            "warnings": unknown.get(one.entry_id, []),
        }
        for one in taken
    ]
