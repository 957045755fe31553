"""The sandbox's page in a real Chromium: a person reads, presses and fills in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from slack_sdk import WebClient

from sandbox.slack.running import running_sandbox
from tests.unit.sandbox.fake_relay import FakeRelay, running_relay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.slack.client import SlackSandbox

SECRET = "a-secret-of-this-test"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def button(action_id: str, label: str, **more: Any) -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "action_id": action_id, "value": "v", "text": text, **more}


def card(*buttons: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": "> no *export* &lt;b&gt;\nSame?"}},
        {"type": "actions", "block_id": "decide", "elements": list(buttons)},
    ]


MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "add",
    "title": {"type": "plain_text", "text": "Add feedback"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "pain",
            "label": {"type": "plain_text", "text": "Pain"},
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
        },
        {
            "type": "input",
            "block_id": "severity",
            "label": {"type": "plain_text", "text": "Severity"},
            "element": {
                "type": "static_select",
                "action_id": "choice",
                "options": [
                    {"text": {"type": "plain_text", "text": "Dealbreaker"}, "value": "high"},
                    {"text": {"type": "plain_text", "text": "Nice to have"}, "value": "low"},
                ],
            },
        },
        {
            "type": "input",
            "block_id": "account",
            "optional": True,
            "label": {"type": "plain_text", "text": "Account"},
            "element": {"type": "external_select", "action_id": "pick", "min_query_length": 2},
        },
    ],
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: install Debian's package 'chromium'")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared_relay() -> Iterator[FakeRelay]:
    with running_relay(SECRET) as relay:
        yield relay


@pytest.fixture(scope="module")
def shared_sandbox(
    shared_relay: FakeRelay, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SlackSandbox]:
    state = tmp_path_factory.mktemp("slack")
    with running_sandbox(state, shared_relay.url, signing_secret=SECRET) as sandbox:
        yield sandbox


@pytest.fixture
def relay(shared_relay: FakeRelay) -> FakeRelay:
    shared_relay.clear()
    return shared_relay


@pytest.fixture
def sandbox(shared_sandbox: SlackSandbox, relay: FakeRelay) -> SlackSandbox:
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def web(sandbox: SlackSandbox) -> WebClient:
    return WebClient("xoxb-sandbox", base_url=sandbox.api_url)


@pytest.fixture
def page(browser: Browser, sandbox: SlackSandbox) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(10_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.goto(f"{sandbox.base_url}/?user=U0ANN&channel=C0REVIEW")
    yield page
    page.close()
    # A refused act is a 4xx answer, which the browser writes to the console by itself.
    assert [p for p in problems if "Failed to load resource" not in p] == []


def test_a_pressed_button_reaches_the_app_and_the_locked_card_appears_without_reload(
    page: Page, web: WebClient, relay: FakeRelay
) -> None:
    page.evaluate("window.notReloaded = true")
    ts = web.chat_postMessage(
        channel="C0REVIEW",
        text="Q",
        blocks=card(button("approve", "Add to this request", style="primary")),
    )["ts"]
    message = page.get_by_test_id("message")
    expect(message.locator("blockquote")).to_have_text("no export <b>")
    expect(message.locator("blockquote strong")).to_have_text("export")
    message.get_by_role("button", name="Add to this request").click()
    (got,) = relay.wait_for(1)
    assert got.valid
    assert got.body["actions"][0]["action_id"] == "approve"
    assert (got.body["user"]["id"], got.body["message"]["ts"]) == ("U0ANN", ts)
    web.chat_update(channel="C0REVIEW", ts=ts, text=":lock: Ann decided", blocks=[])
    expect(message).to_contain_text("Ann decided")
    expect(message.get_by_test_id("action-approve")).to_have_count(0)
    assert page.evaluate("window.notReloaded") is True


def test_a_confirm_dialog_holds_the_press_back(
    page: Page, web: WebClient, relay: FakeRelay
) -> None:
    ask = {
        "title": {"type": "plain_text", "text": "Undo?"},
        "text": {"type": "plain_text", "text": "The feedback goes back."},
        "confirm": {"type": "plain_text", "text": "Undo it"},
        "deny": {"type": "plain_text", "text": "Keep"},
    }
    undo = button("undo", "Undo", style="danger", confirm=ask)
    web.chat_postMessage(channel="C0REVIEW", text="Q", blocks=card(undo))
    page.get_by_test_id("action-undo").click()
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_test_id("confirm")).to_be_hidden()
    assert relay.received == []
    page.get_by_test_id("action-undo").click()
    page.get_by_role("button", name="Undo it").click()
    assert relay.wait_for(1)[0].body["actions"][0]["action_id"] == "undo"


def test_a_failing_app_shows_a_banner(page: Page, web: WebClient, relay: FakeRelay) -> None:
    relay.statuses = [500]
    web.chat_postMessage(channel="C0REVIEW", text="Q", blocks=card(button("go", "Go")))
    page.get_by_test_id("action-go").click()
    expect(page.get_by_test_id("banner")).to_contain_text("the app answered 500")


def test_a_shortcut_opens_a_modal_that_shows_errors_and_then_submits(
    page: Page, web: WebClient, relay: FakeRelay
) -> None:
    option = {"text": {"type": "plain_text", "text": "Northwind"}, "value": "acc-1"}

    def answer(body: dict[str, Any]) -> Any:
        if body["type"] == "shortcut":
            web.views_open(trigger_id=body["trigger_id"], view=MODAL)
        elif body["type"] == "block_suggestion":
            return {"options": [option]}
        elif body["type"] == "view_submission":
            values = body["view"]["state"]["values"]
            if len(values["pain"]["text"]["value"]) < 5:
                return {"response_action": "errors", "errors": {"pain": "Say a little more."}}
        return ""

    relay.answer = answer
    page.get_by_test_id("shortcut-add_feedback").click()
    modal = page.get_by_test_id("modal")
    expect(modal).to_contain_text("Add feedback")
    modal.get_by_label("Pain").fill("bad")
    modal.get_by_label("Severity").select_option("high")
    modal.get_by_label("Account").press_sequentially("nor")
    modal.get_by_role("option", name="Northwind").click()
    page.get_by_test_id("modal-submit").click()
    expect(modal.get_by_role("alert")).to_have_text("Say a little more.")
    expect(modal.get_by_label("Severity")).to_have_value("high")
    modal.get_by_label("Pain").fill("no export at all")
    page.get_by_test_id("modal-submit").click()
    expect(modal).to_be_hidden()
    values = relay.bodies[-1]["view"]["state"]["values"]
    assert values["pain"]["text"]["value"] == "no export at all"
    assert values["severity"]["choice"]["selected_option"]["value"] == "high"
    assert values["account"]["pick"]["selected_option"] == option


def test_a_command_answer_is_seen_by_its_person_only(page: Page, relay: FakeRelay) -> None:
    relay.answer = lambda body: {"text": f"thanks for {body.get('text')}"}
    page.get_by_test_id("composer").fill("/feedback no dark mode")
    page.get_by_test_id("composer").press("Enter")
    expect(page.get_by_test_id("message")).to_contain_text("Only visible to you")
    expect(page.get_by_test_id("message")).to_contain_text("thanks for no dark mode")
    page.get_by_test_id("user-U0BEN").click()
    page.get_by_test_id("channel-C0REVIEW").click()
    expect(page.get_by_test_id("messages")).to_contain_text("Nothing here yet.")


def test_messages_threads_and_reactions_are_told_to_the_app(page: Page, relay: FakeRelay) -> None:
    page.get_by_test_id("composer").fill("Customers ask for SSO")
    page.get_by_test_id("send").click()
    message = page.get_by_test_id("messages").get_by_test_id("message")
    expect(message).to_contain_text("Customers ask for SSO")
    message.hover()
    message.get_by_role("button", name="React with gtm-feedback").click()
    expect(message.get_by_test_id("reaction-gtm-feedback")).to_contain_text("1")
    message.hover()
    message.get_by_role("button", name="Reply in thread").click()
    page.get_by_test_id("thread-composer").fill("two of them")
    page.get_by_test_id("thread-composer").press("Enter")
    expect(page.get_by_test_id("thread-panel")).to_contain_text("two of them")
    expect(message.get_by_test_id("thread")).to_have_text("1 reply")
    events = [r.body["event"] for r in relay.wait_for(3)]
    assert [e["type"] for e in events] == ["message", "reaction_added", "message"]
    assert events[2]["thread_ts"] == events[0]["ts"]


def test_home_is_shown_once_published(page: Page, web: WebClient, relay: FakeRelay) -> None:
    page.get_by_test_id("channel-D0ANN").click()
    page.get_by_test_id("tab-home").click()
    assert relay.wait_for(1)[0].body["event"]["type"] == "app_home_opened"
    blocks = card(button("open", "Open question"))
    web.views_publish(user_id="U0ANN", view={"type": "home", "blocks": blocks})
    page.get_by_test_id("home").get_by_role("button", name="Open question").click()
    assert relay.wait_for(2)[1].body["container"]["type"] == "view"


def test_the_page_says_that_it_is_a_sandbox(page: Page) -> None:
    expect(page.get_by_role("note")).to_contain_text("Sandbox")
    expect(page.get_by_test_id("place")).to_have_text("# feedback-review")
