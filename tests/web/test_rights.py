"""Every page for every role, in the frame and alone; every form from here and from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from tests.web.hosting import HTML, MOUNT, OURS, ROLES, client_of, host, token_of

if TYPE_CHECKING:
    from tests.web.world import World

PAGES = (
    "inbox",
    "inbox/twins",
    "inbox/waiting",
    "requests",
    "requests.csv",
    "requests/csv-export",
    "requests/csv-export/edit",
    "requests/csv-export/merge",
    "entries/1",
    "entries/new",
    "feedback/1/move",
    "open",
    "runs?dag_id=process_customer_entry&run_id=test_999",
    "areas",
    "areas/reporting",
    "manage-areas",
    "accounts",
    "accounts/ACC-1",
    "digests",
    "health",
    "health.json",
    "settings",
    "erase",
    "me",
)
ACTS = (
    "inbox/answers",
    "inbox/twins",
    "requests/csv-export/status",
    "requests/csv-export/edit",
    "requests/csv-export/merge",
    "requests/csv-export/unmerge",
    "requests/csv-export/follow",
    "requests/csv-export/not-the-same",
    "feedback/1/move",
    "feedback/1/undo",
    "entries/1/restore",
    "entries/1/withdraw",
    "entries/1/go-on",
    "open",
    "entries/new",
    "settings",
    "settings/thresholds",
    "settings/proposals",
    "manage-areas",
    "erase",
)
FOR_PROGRAMS = {
    "api/requests",
    "api/requests/reporting",
    "api/search",
    "api/entries/1",
    "api/areas",
    "api/areas/reporting",
    "api/accounts",
    "api/accounts/ACC-1",
    "api/questions",
    "api/openapi.json",
    "api/webhooks",
    "api/webhooks/{webhook_id}",
}
"""Of these and of ``mcp``, test_api.py and test_mcp.py say who may use them."""
FOR_OPERATORS = {"entries/1/go-on", "settings", "settings/thresholds", "manage-areas", "erase"}
FRAMED = {"sec-fetch-dest": "iframe"}


def test_every_address_is_in_the_tables() -> None:
    from include.web.app import build

    listed = {page.partition("?")[0] for page in PAGES}
    got, posted = set(), set()
    for route in build().routes:
        path = route.path.strip("/")  # type: ignore[attr-defined]
        for name, value in (
            ("{slug}", "csv-export" if path.startswith("requests") else "reporting"),
            ("{entry_id}", "1"),
            ("{feedback_id}", "1"),
            ("{account_id:path}", "ACC-1"),
        ):
            path = path.replace(name, value)
        methods = route.methods  # type: ignore[attr-defined]
        (posted if "POST" in methods else got).add(path)
    apart = {"", "static/{name}", "inbox/changes", "inbox/{hook_id}/other", "digests/{week}"}
    assert got - apart == listed | FOR_PROGRAMS
    assert posted == set(ACTS) | {"api/webhooks", "mcp"}


@pytest.mark.parametrize("framed", [True, False])
@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_every_page(world: World, role: str, framed: bool) -> None:
    with client_of("somebody", role, **(FRAMED if framed else {})) as client:
        answers = {page: client.get(f"{MOUNT}/{page}") for page in PAGES}
    # No embeddings and no Slack are connected here, and a monitor is told so.
    expected = dict.fromkeys(PAGES, 200) | {"health.json": 503}
    assert {page: answer.status_code for page, answer in answers.items()} == expected
    for page, answer in answers.items():
        if answer.headers["content-type"].startswith("text/html"):
            assert "frame-ancestors 'self'" in answer.headers["content-security-policy"], page


@pytest.mark.parametrize("page", PAGES)
def test_whoever_is_not_signed_in_is_led_to_the_login_and_back(page: str) -> None:
    with TestClient(host(), headers=HTML, follow_redirects=False) as client:
        alone = client.get(f"{MOUNT}/{page}")
        framed = client.get(f"{MOUNT}/{page}", headers=FRAMED)
        program = client.get(f"{MOUNT}/{page}", headers={"accept": "application/json"})
    assert alone.status_code == 307
    login = alone.headers["location"]
    assert login.startswith("/api/v2/auth/login?next=%2Fplugin%2Ffeedback%2Fgtm-feedback%2F")
    assert framed.status_code == 401
    assert "Your session has ended" in framed.text
    assert login.replace("&", "&amp;") in framed.text
    assert program.status_code == 401


@pytest.mark.parametrize("act", ACTS)
def test_a_form_is_taken_only_from_who_may_and_from_our_own_pages(world: World, act: str) -> None:
    url = f"{MOUNT}/{act}"
    with TestClient(host(), headers={**HTML, **OURS}) as nobody:
        assert nobody.post(url).status_code == 401
    with client_of("vic", "viewer") as viewer:
        assert viewer.post(url).status_code == 403
    with client_of("somebody", "user") as user:
        answer = user.post(url)
        assert (answer.status_code == 403) == (act in FOR_OPERATORS), answer.text
    for elsewhere in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ):
        with client_of("boss", "admin", **elsewhere) as admin:
            assert admin.post(url).status_code == 403


def test_an_old_browser_is_known_by_its_origin_and_a_program_by_its_token(world: World) -> None:
    token = token_of("ann@example.com", "user")
    form = {"follow": "no"}
    url = f"{MOUNT}/requests/csv-export/follow"
    with TestClient(host(), follow_redirects=False) as client:
        bearer = client.post(url, data=form, headers={"authorization": f"Bearer {token}"})
        cookie = {"cookie": f"_token={token}"}
        ours = client.post(url, data=form, headers=cookie | {"origin": "http://testserver"})
        other = client.post(url, data=form, headers=cookie | {"origin": "http://testserver:81"})
        none = client.post(url, data=form, headers=cookie)
    assert [one.status_code for one in (bearer, ours, other, none)] == [303, 303, 403, 403]


def test_an_invalid_token_is_refused(world: World) -> None:
    with TestClient(host(), cookies={"_token": "a.b.c"}, headers=HTML) as client:
        assert client.get(f"{MOUNT}/inbox").status_code == 403


def test_style_and_scripts_are_kept_for_ever_when_they_are_asked_for_by_what_they_hold() -> None:
    from include.web.rendering import fingerprint

    with client_of("vic", "viewer") as client:
        plain = client.get(f"{MOUNT}/static/pages.css")
        exact = client.get(f"{MOUNT}/static/pages.css?v={fingerprint('pages.css')}")
        absent = client.get(f"{MOUNT}/static/..%2Fapp.py")
    assert plain.headers["cache-control"] == "private, max-age=3600"
    assert "immutable" in exact.headers["cache-control"]
    assert absent.status_code == 404
