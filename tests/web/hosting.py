"""The pages as Airflow's API server mounts them, with its own auth manager, in this process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from airflow.api_fastapi.app import _AuthManagerState
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models.dag import DagModel
from airflow.models.revoked_token import RevokedToken
from fastapi import FastAPI
from starlette.testclient import TestClient

from include.web.app import build

if TYPE_CHECKING:
    import pytest

MOUNT = "/gtm-feedback"
HTML = {"accept": "text/html"}
OURS = {"sec-fetch-site": "same-origin"}
ROLES = ("viewer", "user", "op", "admin")
PEOPLE = {"ann": "ann@example.com", "ben": "ben@example.com"}


def sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's simple auth manager, whose database is not needed for signed tokens."""
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "x" * 64)
    monkeypatch.setattr(_AuthManagerState, "instance", SimpleAuthManager())
    monkeypatch.setattr(DagModel, "get_team_name", lambda _dag_id: None)
    monkeypatch.setattr(RevokedToken, "is_revoked", lambda _jti: False)


def token_of(name: str, role: str) -> str:
    """A valid token of a user; a name that is an address is one of the product's people."""
    user = SimpleAuthManagerUser(username=name, role=role)
    return SimpleAuthManager().generate_jwt(user)


def host() -> FastAPI:
    """An app that mounts the pages as Airflow does."""
    app = FastAPI()
    app.mount(MOUNT, build())
    return app


@cache
def shared_host() -> FastAPI:
    """The app once more, made once: to make it takes longer than most pages."""
    return host()


def client_of(name: str, role: str, **headers: str) -> TestClient:
    """A browser that is signed in."""
    return TestClient(
        shared_host(),
        cookies={"_token": token_of(name, role)},
        headers={**HTML, **OURS, **headers},
        follow_redirects=False,
    )
