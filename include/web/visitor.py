"""Who looks at a page: the Airflow user, and who that is among the product's people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import (
    DagAccessEntity,
    DagDetails,
    VariableDetails,
)
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends

from include.base.settings import VARIABLE
from include.engine.dag_ids import MAIN_DAG
from include.people.actor import Actor, Standing
from include.people.signed_in import address_of, airflow_actor

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Visitor:
    """Somebody signed in to Airflow.

    Attributes:
        user_id: Their id in Airflow.
        name: How Airflow calls them.
        email: Their address, where the auth manager knows one.
        may_act: Whether Airflow lets them answer, which here means to change anything.
        may_submit: Whether they may hand feedback in.
        may_configure: Whether Airflow lets them change variables.
    """

    user_id: str
    name: str
    email: str | None
    may_act: bool
    may_submit: bool
    may_configure: bool

    def actor(self, session: Session) -> Actor:
        """Who that is among the product's people; one query."""
        standing = Standing.MEMBER if self.may_act else Standing.READER
        return airflow_actor(
            session,
            airflow_user=self.name,
            standing=Standing.OPERATOR if self.may_configure else standing,
            email=self.email,
        )


def visitor(user: GetUserDep) -> Visitor:
    """The visitor of this request, for showing only what they can do.

    What is done is asked for again, by the route that does it.
    """
    manager = get_auth_manager()

    def may(method: str, entity: DagAccessEntity) -> bool:
        return manager.is_authorized_dag(
            method=method,  # type: ignore[arg-type]
            access_entity=entity,
            details=DagDetails(id=MAIN_DAG),
            user=user,
        )

    return Visitor(
        user_id=str(user.get_id()),
        name=user.get_name(),
        email=address_of(user),
        may_act=may("PUT", DagAccessEntity.HITL_DETAIL),
        may_submit=may("POST", DagAccessEntity.RUN),
        may_configure=manager.is_authorized_variable(
            method="PUT", details=VariableDetails(key=VARIABLE), user=user
        ),
    )


Visiting = Annotated[Visitor, Depends(visitor)]
