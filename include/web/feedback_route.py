"""The REST route for feedback, mounted into Airflow's API server (``plugins/feedback_intake.py``).

``POST /feedback/entries`` stores one submission or many at once and answers as soon as they are
stored; ``GET /feedback/entries/{id}`` says what became of one. Who may start
``process_customer_entry`` may submit, and who may read its runs may read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import anyio
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Body, Depends, FastAPI, HTTPException, status
from fastapi.responses import JSONResponse

from include.base.errors import FatalError, TransientError
from include.engine.dag_ids import MAIN_DAG
from include.entries import intake
from include.entries.intake import MOST_AT_ONCE
from include.relay import background

if TYPE_CHECKING:
    from fastapi import Request

THREADS = 8


def build() -> FastAPI:
    """The app with its two routes."""
    app = FastAPI(title="Feedback intake", docs_url=None, redoc_url=None, openapi_url=None)
    limiter: list[anyio.CapacityLimiter] = []

    async def in_thread(work: Any, *arguments: Any) -> Any:
        # Own threads: a slow database must not use up those of Airflow's API.
        if not limiter:
            limiter.append(anyio.CapacityLimiter(THREADS))
        return await anyio.to_thread.run_sync(work, *arguments, limiter=limiter[0])

    @app.post(
        "/entries",
        status_code=status.HTTP_202_ACCEPTED,
        dependencies=[Depends(requires_access_dag("POST", DagAccessEntity.RUN, MAIN_DAG))],
    )
    async def submit(body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        """Store one submission, or many as ``{"entries": [...]}``; all of them or none."""
        return {"entries": await in_thread(_submit, body)}

    @app.get(
        "/entries/{entry_id}",
        dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN, MAIN_DAG))],
    )
    async def read(entry_id: int) -> dict[str, Any]:
        """What became of an entry."""
        found: dict[str, Any] | None = await in_thread(_read, entry_id)
        if found is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f"there is no entry {entry_id}")
        return found

    @app.exception_handler(FatalError)
    async def refused(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)

    @app.exception_handler(TransientError)
    async def away(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503, {"retry-after": "5"})

    return app


def _submit(body: dict[str, Any]) -> list[dict[str, Any]]:
    many = body.get("entries", [body])
    if not isinstance(many, list) or not 0 < len(many) <= MOST_AT_ONCE:
        raise HTTPException(
            status.HTTP_422_UNPROCESSABLE_CONTENT,
            f"entries must be a list of 1 to {MOST_AT_ONCE} submissions",
        )
    arrivals, problems = [], []
    for number, values in enumerate(many):
        try:
            arrivals.append(intake.arrival(values))
        except FatalError as error:
            problems.append({"entry": number, "problem": str(error)})
    if problems:
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, problems)
    taken, start_ids = intake.take_in_now(arrivals)
    if start_ids:
        background.submit(intake.start, start_ids)
    return [
        {
            "entry_id": one.entry_id,
            "status": one.status,
            "dag_id": one.dag_id,
            "run_id": one.run_id,
            "is_new": one.is_new,
        }
        for one in taken
    ]


def _read(entry_id: int) -> dict[str, Any] | None:
    return intake.standing(entry_id)
