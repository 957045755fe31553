"""A person presses the button on the Slack page in a real Chromium, against the whole system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect, sync_playwright

from tests.e2e.conftest import ASKS, Airflow, card_of, entry_of

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from sandbox.stack import Stack

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def test_create_new_request_is_pressed_and_the_card_says_who_decided(
    airflow: Airflow, slack: SlackSandbox, stack: Stack
) -> None:
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing: install Debian's package chromium"
    run_id = airflow.start(f"{ASKS} [browser]")
    airflow.wait_for_task(run_id, "wait_for_answer", "deferred")
    assert card_of(slack, run_id)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        page.goto(f"{stack.sandbox.slack_url}/?user=U0ANN&channel=D0ANN")
        card = page.locator("#messages [data-ts]").filter(has_text="[browser]").first
        press = card.get_by_role("button", name="Create new request")
        press.click()
        expect(press).to_have_count(0, timeout=10_000)
        expect(card).to_contain_text("@Ann Ames chose “Create new request” on", timeout=10_000)
        airflow.finish(run_id)
        expect(card).to_contain_text("This is a request of its own: HR has", timeout=10_000)
        browser.close()
    assert entry_of(run_id).outcome == "created"
