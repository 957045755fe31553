"""The pages in a real Chromium: axe in both themes, phone width, keys, an answer seen elsewhere."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from include.insights.storage import make_area_report
from include.store.models import Hook
from include.store.session import session_scope
from sandbox.slack.running import free_port
from tests.browser.test_slack_page import browser  # noqa: F401 - a fixture used by name
from tests.db.conftest import feedback_db, session, template  # noqa: F401 - fixtures used by name
from tests.web.hosting import MOUNT, host, sign_in, token_of
from tests.web.world import World, small_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

PAGES = (
    "inbox",
    "inbox/twins",
    "requests",
    "requests/csv-export",
    "requests/csv-export/edit",
    "requests/csv-export/merge",
    "entries/1",
    "entries/new",
    "open",
    "areas",
    "areas/reporting",
    "manage-areas",
    "accounts",
    "accounts/ACC-1",
    "digests",
    "health",
    "settings",
    "me",
    "requests/nowhere",
)
SERIOUS = {"serious", "critical"}


@dataclass
class Site:
    """The running pages and their world."""

    url: str
    world: World

    def page(self, browser: Browser, *, width: int = 1400, dark: bool = False) -> Page:  # noqa: F811
        """A page of Ann, whom Airflow calls an operator."""
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        token = token_of("ann@example.com", "op")
        context.add_cookies([{"name": "_token", "value": token, "url": self.url}])
        page = context.new_page()
        page.set_default_timeout(20_000)
        return page


@pytest.fixture
def site(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:  # noqa: F811
    sign_in(monkeypatch)
    world = small_world(session)
    from datetime import UTC, datetime

    make_area_report(session, "reporting", datetime.now(UTC), model=None)
    session.commit()
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(host(), "127.0.0.1", port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < deadline, "the pages did not start"
        time.sleep(0.02)
    yield Site(f"http://127.0.0.1:{port}{MOUNT}", world)
    server.should_exit = True
    thread.join(30)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_has_a_serious_finding_of_axe(
    site: Site,
    browser: Browser,  # noqa: F811
    dark: bool,
) -> None:
    page, axe, found = site.page(browser, dark=dark), Axe(), {}
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    for path in PAGES:
        page.goto(f"{site.url}/{path}")
        result = axe.run(page)
        serious = [
            f"{one['id']}: {node['html'][:120]}"
            for one in result.response["violations"]
            if one["impact"] in SERIOUS
            for node in one["nodes"]
        ]
        if serious:
            found[path] = serious
    assert found == {}
    # The page that does not exist is a 404, which the browser writes to the console by itself.
    assert [one for one in problems if "Failed to load resource" not in one] == []


@pytest.mark.parametrize("width", [1400, 1024, 390])
def test_no_page_is_wider_than_the_window(
    site: Site,
    browser: Browser,  # noqa: F811
    width: int,
) -> None:
    page = site.page(browser, width=width)
    wide = {}
    for path in PAGES:
        page.goto(f"{site.url}/{path}")
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            wide[path] = needed
    assert wide == {}


def test_an_answer_given_elsewhere_locks_the_card_where_it_stands(
    site: Site,
    browser: Browser,  # noqa: F811
) -> None:
    ann, ben = site.page(browser), site.page(browser)
    for page in (ann, ben):
        page.goto(f"{site.url}/inbox?whose=all")
        expect(page.locator("[data-hook]")).to_have_count(2)
    card = ben.locator("[data-hook]", has_text="Okta")
    ann.locator("[data-hook]", has_text="Okta").get_by_role(
        "button", name="Open a new request"
    ).click()
    expect(ann.get_by_role("status")).to_have_text("1 answer recorded.")
    expect(card.get_by_role("status")).to_contain_text("Ann Ames chose “Create new request”")
    expect(card.get_by_role("button")).to_have_count(0)


def test_questions_are_answered_by_keys_alone(site: Site, browser: Browser) -> None:  # noqa: F811
    page = site.page(browser)
    page.goto(f"{site.url}/inbox?whose=mine")
    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(page.get_by_role("status")).to_have_text("1 answer recorded.")
    with session_scope() as session:  # noqa: F811
        answered = session.scalars(select(Hook).where(Hook.status == "answered")).one()
    assert answered.answer == {"choice": "attach"}


def test_what_changes_much_is_confirmed_first(site: Site, browser: Browser) -> None:  # noqa: F811
    page = site.page(browser)
    page.goto(f"{site.url}/requests/csv-export")
    page.get_by_role("button", name="Plan", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 followers will hear of it.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator("main").get_by_text("planned")).to_have_count(0)
    page.get_by_role("button", name="Plan", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Plan").click()
    expect(page.get_by_role("status")).to_contain_text("This request is planned now.")
