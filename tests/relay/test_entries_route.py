"""``/feedback/entries``: stored before it is answered, once, for those who may start runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.api_fastapi.core_api import security
from airflow.models.dag import DagModel
from sqlalchemy import func, select
from starlette.testclient import TestClient

from include.relay import background
from include.store.models import Entry, RunStart
from include.store.session import session_scope
from include.web import feedback_route
from include.web.feedback_route import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.relay.support import FakeAirflow

PAIN = {"customer_pain": "Exports over 10,000 rows time out."}


class SignedIn(str):
    """Somebody who is called as their token says."""

    __slots__ = ()

    def get_name(self) -> str:
        return str(self)


class Doorkeeper:
    """An auth manager: the token is the user's name; ``writer`` may start, ``reader`` may look."""

    async def get_user_from_token(self, token: str) -> SignedIn:
        return SignedIn(token)

    def is_authorized_dag(self, *, method: str, user: str, **_more: Any) -> bool:
        return user == "writer" or (user == "reader" and method == "GET")


@pytest.fixture
def client(
    feedback_db: object, airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    monkeypatch.setattr(security, "get_auth_manager", Doorkeeper)
    monkeypatch.setattr(DagModel, "get_team_name", lambda _dag_id: None)
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"hold_from": 5}')
    with TestClient(build(), headers={"authorization": "Bearer writer"}) as client:
        yield client
        assert background.drain(30)


def stored() -> int:
    with session_scope() as session:
        return session.scalar(select(func.count(Entry.id))) or 0


def test_one_is_stored_and_gets_a_run_of_its_own(client: TestClient, airflow: FakeAirflow) -> None:
    answer = client.post("/entries", json=PAIN | {"severity": "high", "external_id": "crm-1"})
    assert background.drain()

    assert answer.status_code == 202
    [taken] = answer.json()["entries"]
    assert taken["is_new"] is True
    assert taken["dag_id"] == "process_customer_entry"
    run = airflow.runs[taken["run_id"]]
    assert run["conf"] == {"entry_id": taken["entry_id"]}
    with session_scope() as session:
        assert session.scalars(select(Entry.handed_in_by)).all() == ["airflow:writer"]
    standing = client.get(f"/entries/{taken['entry_id']}").json()
    assert (standing["status"], standing["outcome"]) == ("received", None)
    assert standing["run_id"] == taken["run_id"]


def test_what_the_product_does_not_know_is_told_and_stored(client: TestClient) -> None:
    unknown = {"account_id": "NOPE", "opportunity_id": "GONE", "areas": ["no-such-area"]}
    [taken] = client.post("/entries", json=PAIN | unknown).json()["entries"]
    account, deal, areas = taken["warnings"]
    assert account.startswith("account_id 'NOPE' is no account that is loaded here")
    assert deal.startswith("opportunity_id 'GONE' is no deal")
    assert "no area with the slug 'no-such-area'" in areas
    assert client.get(f"/entries/{taken['entry_id']}").json()["warnings"] == taken["warnings"]
    [plain] = client.post("/entries", json=PAIN).json()["entries"]
    assert plain["warnings"] == []
    assert stored() == 2


def test_many_at_once_are_stored_and_one_run_takes_them(
    client: TestClient, airflow: FakeAirflow
) -> None:
    many = [PAIN | {"external_id": f"crm-{n}"} for n in range(20)]
    answer = client.post("/entries", json={"entries": many})
    assert background.drain()

    assert {one["run_id"] for one in answer.json()["entries"]} == {"held"}
    assert [run["dag_id"] for run in airflow.runs.values()] == ["drain_backlog"]
    assert stored() == 20


def test_the_same_external_id_is_one_entry(client: TestClient, airflow: FakeAirflow) -> None:
    twice = [client.post("/entries", json=PAIN | {"external_id": "crm-1"}) for _ in range(2)]
    both = client.post("/entries", json={"entries": [PAIN | {"external_id": "crm-1"}] * 3})
    assert background.drain()

    found = [one for answer in (*twice, both) for one in answer.json()["entries"]]
    assert len({one["entry_id"] for one in found}) == 1
    assert [one["is_new"] for one in found] == [True, False, False, False, False]
    assert len(airflow.runs) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "customer_pain is missing"),
        ({"customer_pain": " \n"}, "customer_pain is missing"),
        ({"customer_pain": "x" * 10_001}, "at most 10000"),
        (PAIN | {"severity": "huge"}, "severity"),
        (PAIN | {"links": ["javascript:1"]}, "links"),
        (PAIN | {"external_id": "x" * 501}, "external_id has 501"),
        (PAIN | {"account_id": "a\x00"}, "NUL"),
        (PAIN | {"nonsense": 1}, "'nonsense' is unknown"),
        ({"entries": []}, "1 to 1000"),
        ({"entries": [PAIN, "text"]}, "must be an object"),
        ({"entries": "text"}, "1 to 1000"),
        ({"entries": [PAIN] * 1_001}, "1 to 1000"),
    ],
)
def test_bad_input_is_refused_with_a_reason_and_nothing_is_stored(
    client: TestClient, body: dict[str, Any], said: str
) -> None:
    answer = client.post("/entries", json=body)

    assert answer.status_code == 422
    assert said in answer.text
    assert stored() == 0


def test_who_is_calling_and_the_size_are_looked_at_before_the_body(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback_route, "LONGEST_BODY", 100)
    large, json_type = b"x" * 101, {"content-type": "application/json"}
    stranger = json_type | {"authorization": "Bearer stranger"}

    assert client.post("/entries", content=large, headers=stranger).status_code == 403
    assert client.post("/entries", content=large, headers=json_type).status_code == 413
    assert client.post("/entries", content=b"{", headers=json_type).status_code == 422
    plain = {"content-type": "text/plain"}
    assert client.post("/entries", content=b"{}", headers=plain).status_code == 415
    assert client.get(f"/entries/{10**30}").status_code == 422
    assert stored() == 0


def test_the_document_names_the_limits_of_a_submission(client: TestClient) -> None:
    body = client.get("/openapi.json").json()["paths"]["/entries"]["post"]["requestBody"]
    one, many = body["content"]["application/json"]["schema"]["anyOf"]
    assert one["properties"]["customer_pain"]["maxLength"] == 10_000
    assert many["properties"]["entries"]["items"] == one


@pytest.mark.parametrize(
    ("user", "write", "read"), [("reader", 403, 404), ("stranger", 403, 403), (None, 401, 401)]
)
def test_only_who_may_start_runs_may_submit(
    client: TestClient, user: str | None, write: int, read: int
) -> None:
    headers = {"authorization": f"Bearer {user}" if user else ""}

    assert client.post("/entries", json=PAIN, headers=headers).status_code == write
    assert client.get("/entries/1", headers=headers).status_code == read
    assert stored() == 0


def test_without_airflow_the_run_waits_for_the_sweep(
    client: TestClient, airflow: FakeAirflow
) -> None:
    airflow.statuses = [503]
    answer = client.post("/entries", json=PAIN)
    assert background.drain()

    assert answer.status_code == 202
    with session_scope() as session:
        assert session.scalars(select(RunStart.state)).all() == ["pending"]


def test_without_the_database_the_client_is_asked_to_come_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", "postgresql://nobody@127.0.0.1:9/gone")
    answer = client.post("/entries", json=PAIN)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_one_more_than_is_taken_at_once_is_refused_and_none_is_stored(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback_route, "MOST_AT_ONCE", 2)
    said = [{"customer_pain": f"It hurts, {number}"} for number in range(3)]
    answer = client.post("/entries", json={"entries": said})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "entries must be a list of 1 to 2 submissions",
    )
    with session_scope() as session:
        assert session.scalars(select(Entry)).all() == []
    assert len(client.post("/entries", json={"entries": said[:2]}).json()["entries"]) == 2
