"""The read API: the pages' facts as JSON, under the same rights; and webhooks for operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from include.store.models import AuditRow, RequestMerge, Webhook
from include.store.session import session_scope
from tests.web.hosting import MOUNT, ROLES, host, shared_host, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.web.world import World

API = f"{MOUNT}/api"
READS = (
    "requests",
    "requests/csv-export",
    "search?q=csv",
    "entries/1",
    "areas",
    "areas/reporting",
    "accounts",
    "accounts/ACC-1",
    "questions",
    "openapi.json",
)


def program(name: str = "ann@example.com", role: str = "viewer") -> TestClient:
    """A program that carries a token, and no cookie."""
    return TestClient(shared_host(), headers={"authorization": f"Bearer {token_of(name, role)}"})


@pytest.fixture
def viewer(world: World) -> Iterator[TestClient]:
    with program() as client:
        yield client


@pytest.mark.parametrize("role", ROLES)
def test_every_role_may_read(world: World, role: str) -> None:
    with program(role=role) as client:
        assert {path: client.get(f"{API}/{path}").status_code for path in READS} == dict.fromkeys(
            READS, 200
        )


def test_nobody_else_gets_a_word(world: World) -> None:
    with TestClient(host()) as client:
        for path in (*READS, "webhooks"):
            for headers in ({}, {"authorization": "Bearer made.up.token"}):
                answer = client.get(f"{API}/{path}", headers=headers)
                assert answer.status_code in (401, 403), path
                assert set(answer.json()) == {"detail"}
                assert "retype" not in answer.text


def test_a_request_has_its_evidence_and_says_which_it_is(viewer: TestClient) -> None:
    found = viewer.get(f"{API}/requests/csv-export").json()
    assert (found["slug"], found["asked_for"], found["is_survivor"]) == (
        "csv-export",
        "csv-export",
        False,
    )
    assert (found["feedback"], found["accounts"], found["arr"]) == (2, 2, 544_000)
    quotes = [one["quote"] for one in found["evidence"]["items"]]
    assert quotes == ["A download would save an hour a day.", "We retype every number by hand."]
    assert [area["slug"] for area in found["areas"]] == ["reporting"]


def test_a_merged_slug_answers_with_the_survivor_and_says_so(
    world: World, viewer: TestClient
) -> None:
    ids = {one["slug"]: one["id"] for one in viewer.get(f"{API}/requests").json()["items"]}
    with session_scope() as session:
        session.add(
            RequestMerge(
                request_id=ids["single-sign-on"], into_id=ids["csv-export"], merged_by="test"
            )
        )
    found = viewer.get(f"{API}/requests/single-sign-on").json()
    assert (found["slug"], found["asked_for"], found["is_survivor"]) == (
        "csv-export",
        "single-sign-on",
        True,
    )
    assert [one["slug"] for one in found["merged"]] == ["single-sign-on"]
    slugs = [one["slug"] for one in viewer.get(f"{API}/requests").json()["items"]]
    assert "single-sign-on" not in slugs


def test_a_list_is_read_page_by_page_and_shows_each_request_once(viewer: TestClient) -> None:
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = viewer.get(f"{API}/requests", params={"limit": 1, "cursor": cursor}).json()
        seen += [one["slug"] for one in page["items"]]
        cursor, pages = page["next"], pages + 1
    assert seen == ["dark-mode", "single-sign-on", "csv-export"]
    assert pages == 3


def test_what_has_not_changed_is_not_sent_again(world: World, viewer: TestClient) -> None:
    first = viewer.get(f"{API}/areas")
    known = {"if-none-match": f'"other", W/{first.headers["etag"]}'}
    again = viewer.get(f"{API}/areas", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    with session_scope() as session:
        world.session = session
        world.area("billing", "Billing")
    changed = viewer.get(f"{API}/areas", headers=known)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]
    assert "private" in changed.headers["cache-control"]


def test_an_entry_says_what_became_of_it_and_why(viewer: TestClient) -> None:
    found = viewer.get(f"{API}/entries/1").json()
    assert (found["status"], found["request"], found["account"]) == (
        "done",
        "csv-export",
        "Northwind Freight",
    )
    [decision] = [one for one in found["events"] if one["kind"] == "decision"]
    assert decision["what"]["route"] == "attach"
    assert decision["what"]["candidates"][0]["request"] == "csv-export"


def test_questions_are_listed_without_what_signs_an_answer(viewer: TestClient) -> None:
    answer = viewer.get(f"{API}/questions")
    # Both were asked at the same moment, so neither comes first.
    items = {one["request"]: one for one in answer.json()["items"]}
    assert sorted(items) == ["csv-export", "single-sign-on"]
    assert items["csv-export"]["words"][0]["quote"] == "They copy tables by hand & lose hours."
    assert "token" not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("requests/nothing", 404, "there is no request 'nothing'"),
        ("entries/999", 404, "there is no entry 999"),
        ("entries/0", 422, "entry_id"),
        ("entries/99999999999999999999", 422, "entry_id"),
        ("areas/nowhere", 404, "there is no area 'nowhere'"),
        ("accounts/nobody", 404, "there is no account 'nobody'"),
        ("requests?status=wished", 422, "status"),
        ("requests?limit=1000", 422, "limit"),
        ("nothing", 404, ""),
    ],
)
def test_errors_are_a_sentence_in_json(
    viewer: TestClient, path: str, status: int, said: str
) -> None:
    # A browser gets the same: this is no page.
    answer = viewer.get(f"{API}/{path}", headers={"accept": "text/html"})
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_the_document_describes_the_routes_at_their_address(viewer: TestClient) -> None:
    found = viewer.get(f"{API}/openapi.json").json()
    assert found["servers"] == [{"url": MOUNT}]
    assert "/api/requests/{slug}" in found["paths"]
    described = found["paths"]["/api/requests/{slug}"]["get"]
    assert {"200", "304", "401", "403", "404"} <= set(described["responses"])
    assert "/api/openapi.json" not in found["paths"]


HOOK = {"url": "https://93.184.216.34/in", "events": ["request.shipped"]}


@pytest.mark.parametrize(
    ("role", "status"), [("viewer", 403), ("user", 403), ("op", 201), ("admin", 201)]
)
def test_only_operators_subscribe(world: World, role: str, status: int) -> None:
    with program(role=role) as client:
        answer = client.post(f"{API}/webhooks", json=HOOK)
        assert answer.status_code == status
        listed = client.get(f"{API}/webhooks")
        assert listed.status_code == (200 if status == 201 else 403)
    with session_scope() as session:
        assert len(session.scalars(select(Webhook)).all()) == (status == 201)


def test_the_secret_is_told_once(world: World) -> None:
    with program(role="op") as client:
        made = client.post(f"{API}/webhooks", json=HOOK).json()
        listed = client.get(f"{API}/webhooks")
        assert made["secret"].startswith("whsec_")
        assert made["secret"] not in listed.text
        assert listed.json()["items"][0]["url"] == HOOK["url"]
        off = client.patch(f"{API}/webhooks/{made['id']}", json={"state": "off"})
        assert off.json()["state"] == "off"
        assert client.delete(f"{API}/webhooks/{made['id']}").status_code == 204
        assert client.get(f"{API}/webhooks").json()["items"] == []
        assert client.delete(f"{API}/webhooks/{made['id']}").status_code == 404
    with session_scope() as session:
        written = session.execute(select(AuditRow.subject, AuditRow.facts).order_by(AuditRow.id))
        assert [(subject, facts["what"]) for subject, facts in written] == [
            (f"webhook:{made['id']}", what) for what in ("made", "off", "deleted")
        ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (HOOK | {"url": "http://127.0.0.1:8080/"}, "leads to this machine or its network"),
        (HOOK | {"url": "http://169.254.169.254/latest"}, "leads to this machine or its network"),
        (HOOK | {"url": "file:///etc/passwd"}, "is no web address"),
        (HOOK | {"url": "https://ann:secret@example.com/"}, "user name or a password"),
        (HOOK | {"events": []}, "events"),
        (HOOK | {"events": ["everything"]}, "events"),
    ],
)
def test_a_wrong_subscription_is_refused(world: World, body: dict[str, object], said: str) -> None:
    with program(role="op") as client:
        answer = client.post(f"{API}/webhooks", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_another_site_cannot_subscribe_with_somebodys_cookie(world: World) -> None:
    cookies = {"_token": token_of("ann@example.com", "admin")}
    with TestClient(host(), cookies=cookies) as client:
        answer = client.post(f"{API}/webhooks", json=HOOK, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
