"""Who may ask for a page, and which forms are taken: Airflow's rights, and our own origin.

Airflow signs people in and says what each may do; it does not protect the forms of plugin apps from
other sites, so that is done here.
"""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import Depends, HTTPException, Request, status

from include.engine.dag_ids import MAIN_DAG

SIGNED_IN = Depends(get_user)
MAY_READ = Depends(requires_access_dag("GET", DagAccessEntity.RUN, MAIN_DAG))
"""Whoever may see the runs of ``process_customer_entry`` may read every page."""


def from_our_own_pages(request: Request) -> None:
    """Refuse a form that a page of another site, or of another port, has sent.

    A program that carries its own token is not a browser that somebody else can lead.
    """
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = f"{request.url.scheme}://{request.url.netloc}"
    if not (site == "same-origin" if site is not None else origin == ours):
        raise HTTPException(
            status.HTTP_403_FORBIDDEN,
            "This form was not sent from a page of this Airflow. Nothing was changed.",
        )


OUR_FORM = Depends(from_our_own_pages)
MAY_ANSWER = Depends(requires_access_dag("PUT", DagAccessEntity.HITL_DETAIL, MAIN_DAG))
"""Whoever may answer Airflow's own human-in-the-loop tasks may answer questions and act."""

MAY_SUBMIT = Depends(requires_access_dag("POST", DagAccessEntity.RUN, MAIN_DAG))
"""Whoever may start ``process_customer_entry`` may hand feedback in."""
