"""Every workflow's form opens in Airflow's own pages, and one run is started from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect, sync_playwright

from include.sandbox.environment import ADMIN_PASSWORD
from tests.e2e.conftest import Airflow, until
from tests.e2e.test_press_in_browser import ARGUMENTS, CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from include.sandbox.stack import Stack

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


def test_each_form_opens_and_a_search_is_started_from_its_form(
    airflow: Airflow, stack: Stack
) -> None:
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
        form = open_form(page, url, "semantic_search")
        form.get_by_role("textbox").first.fill("export a table as CSV")
        form.get_by_role("button", name="Trigger").click()
        expect(form).to_have_count(0, timeout=SECONDS)
        browser.close()

    def runs() -> list[dict[str, str]]:
        found = airflow.client.get("/dags/semantic_search/dagRuns?order_by=-id").json()
        return [run for run in found["dag_runs"] if run["triggered_by"] == "ui"]

    until(lambda: bool(runs()) and runs()[0]["state"] == "success", 90)
    run_id = runs()[0]["dag_run_id"]
    assert airflow.result(run_id, "search_requests", "semantic_search")["count"] > 0


def open_form(page: Page, url: str, dag_id: str) -> Locator:
    page.goto(f"{url}/dags/{dag_id}")
    page.get_by_role("button", name="Trigger").first.click(timeout=SECONDS)
    form = page.get_by_role("dialog")
    expect(form).to_be_visible(timeout=SECONDS)
    return form
