"""Every workflow's form opens in Airflow's own pages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect, sync_playwright

from sandbox.environment import ADMIN_PASSWORD
from tests.e2e.test_press_in_browser import ARGUMENTS, CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from sandbox.stack import Stack

SHOTS = os.environ.get("FORMS_SHOTS", "")
SECONDS = 30_000
FIELDS = {
    "process_customer_entry": "Customer's words",
    "import_feedback": "path",
    "drain_backlog": "batch_size",
    "mark_shipped": "Request",
    "reopen_request": "Request",
    "new_request": "Request",
    "merge_requests": "into",
    "find_all_related_feedback": "restart",
    "semantic_search": "query",
    "sync_embeddings": "full",
    "area_insights": "areas",
    "weekly_digest": "dry_run",
    "export_feedback": "Folder or URL",
}


def test_each_form_opens(stack: Stack) -> None:
    url = stack.sandbox.airflow_url
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{url}/auth/login")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill(ADMIN_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda at: "login" not in at, timeout=SECONDS)
        page.wait_for_load_state("networkidle", timeout=SECONDS)
        for dag_id, field in FIELDS.items():
            form = open_form(page, url, dag_id)
            expect(form.get_by_text(field, exact=False).first).to_be_visible(timeout=SECONDS)
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"{dag_id}.png")
        browser.close()


def open_form(page: Page, url: str, dag_id: str) -> Locator:
    page.goto(f"{url}/dags/{dag_id}")
    page.get_by_role("button", name="Trigger").first.click(timeout=SECONDS)
    form = page.get_by_role("dialog")
    expect(form).to_be_visible(timeout=SECONDS)
    return form
