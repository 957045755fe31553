"""The pages with a real database and Airflow's own auth manager, without a running Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.db.conftest import feedback_db, session, template  # noqa: F401 - fixtures used by name
from tests.web.hosting import client_of, sign_in
from tests.web.world import World, small_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session
    from starlette.testclient import TestClient


@pytest.fixture(autouse=True)
def _signed(monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(monkeypatch)
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"approvers": ["U0BEN"]}')


@pytest.fixture
def world(session: Session) -> World:  # noqa: F811
    return small_world(session)


@pytest.fixture
def ann(world: World) -> Iterator[TestClient]:
    """Ann, one of the product's people, whom Airflow lets act."""
    with client_of("ann@example.com", "user") as client:
        yield client
