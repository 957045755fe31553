"""The sandbox's Slack, driven by the real SDK on one side and checked by it on the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from sandbox.slack.running import free_port, running_sandbox
from tests.relay.sandbox_slack.conftest import BUTTONS, MODAL, error_of

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.slack.client import SlackSandbox
    from tests.unit.sandbox.fake_relay import FakeRelay


class TestActing:
    def test_a_click_reaches_the_relay_signed_and_complete(
        self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        ts = web.chat_postMessage(channel="U0ANN", text="Q", blocks=BUTTONS)["ts"]
        result = sandbox.click("U0ANN", "D0ANN", ts, "approve")
        assert (result["ok"], result["status"]) == (True, 200)
        (got,) = relay.received
        assert got.valid
        assert got.headers["content-type"] == "application/x-www-form-urlencoded"
        assert got.body["type"] == "block_actions"
        assert got.body["user"]["id"] == "U0ANN"
        assert got.body["container"] == {
            "type": "message",
            "message_ts": ts,
            "channel_id": "D0ANN",
            "is_ephemeral": False,
        }
        assert got.body["message"]["blocks"][1]["block_id"] == "decide"
        assert got.body["channel"] == {"id": "D0ANN", "name": "directmessage"}
        (action,) = got.body["actions"]
        assert (action["action_id"], action["value"]) == ("approve", "hook-1")

    def test_bad_signatures_are_caught_by_the_sdk(
        self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        ts = web.chat_postMessage(channel="U0ANN", text="Q", blocks=BUTTONS)["ts"]
        for trick in ("wrong_signature", "stale", "no_signature"):
            result = sandbox.click("U0ANN", "D0ANN", ts, "approve", **{trick: True})
            assert (result["ok"], result["status"]) == (False, 401), trick
        assert [r.valid for r in relay.received] == [False, False, False]

    def test_a_repeat_is_the_very_same_request(
        self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        ts = web.chat_postMessage(channel="U0ANN", text="Q", blocks=BUTTONS)["ts"]
        result = sandbox.click("U0ANN", "D0ANN", ts, "approve", repeat=1)
        assert len(result["deliveries"]) == 2
        assert relay.bodies[0] == relay.bodies[1]
        relay.received.clear()
        sandbox.react("U0BEN", "D0ANN", ts, "gtm-feedback", repeat=1, force=True)
        first, second = relay.received
        assert first.body["event_id"] == second.body["event_id"]
        assert "x-slack-retry-num" not in first.headers
        assert second.headers["x-slack-retry-num"] == "1"
        assert second.headers["x-slack-retry-reason"] == "http_timeout"

    def test_an_event_nobody_takes_comes_four_times_with_one_id(
        self, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        relay.statuses = [500, 500, 500, 500]
        assert sandbox.say("U0ANN", "C0FEEDBACK", "help")["ok"] is False
        received = relay.wait_for(4)
        assert len({r.body["event_id"] for r in received}) == 1
        numbers = [r.headers.get("x-slack-retry-num") for r in received]
        assert numbers == [None, "1", "2", "3"]
        assert received[1].headers["x-slack-retry-reason"] == "http_error"

    def test_a_relay_slower_than_three_seconds_is_a_failure(
        self, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        relay.delay = 4.0
        result = sandbox.command("U0ANN", "/feedback", "slow")
        assert (result["status"], result["error"]) == (None, "http_timeout")
        assert 2900 < result["elapsed_ms"] < 3900
        (note,) = sandbox.messages("C0FEEDBACK", "U0ANN")
        assert "operation_timeout" in note["text"]

    def test_what_was_typed_is_escaped_and_linked(
        self, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        sandbox.say("U0ANN", "C0FEEDBACK", "@ben a<b & http://localhost:1/requests/x")
        message, shared = (b["event"] for b in relay.bodies)
        assert message["text"] == "<@U0BEN> a&lt;b &amp; <http://localhost:1/requests/x>"
        assert message["channel_type"] == "channel"
        assert shared["type"] == "link_shared"
        assert shared["links"] == [{"url": "http://localhost:1/requests/x", "domain": "localhost"}]

    def test_a_mention_is_told_as_such_and_a_shared_channel_is_marked(
        self, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        sandbox.say("U0ANN", "C0SHARED", "@gtm-feedback hi")
        assert [b["event"]["type"] for b in relay.bodies] == ["message", "app_mention"]
        assert relay.bodies[0]["is_ext_shared_channel"] is True

    def test_a_command_answer_is_private_unless_said_otherwise(
        self, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        relay.answer = lambda body: {"text": f"got {body['text']}"}
        sandbox.command("U0ANN", "/feedback", "it hurts")
        relay.answer = lambda body: {"text": "all see", "response_type": "in_channel"}
        sandbox.command("U0ANN", "/shipped", "export")
        texts = [m["text"] for m in sandbox.messages("C0FEEDBACK", "U0ANN")]
        assert texts == ["got it hurts", "all see"]
        assert [m["text"] for m in sandbox.messages("C0FEEDBACK")] == ["all see"]
        assert relay.bodies[0]["command"] == "/feedback"

    def test_a_response_url_replaces_adds_and_runs_out(
        self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        ts = web.chat_postMessage(channel="C0REVIEW", text="Q", blocks=BUTTONS)["ts"]
        sandbox.click("U0BEN", "C0REVIEW", ts, "approve")
        hook = WebhookClient(relay.bodies[0]["response_url"])
        assert hook.send(text="note").body == "ok"
        assert hook.send(text="locked", replace_original=True).status_code == 200
        texts = [m["text"] for m in sandbox.messages("C0REVIEW", "U0BEN")]
        assert texts == ["locked", "note"]
        assert "blocks" not in sandbox.messages("C0REVIEW")[0]
        assert hook.send(delete_original=True).status_code == 200
        assert sandbox.messages("C0REVIEW") == []
        for _ in range(2):
            hook.send(text="again")
        assert hook.send(text="sixth").status_code == 404

    def test_impossible_acts_are_refused_before_the_relay(
        self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        ts = web.chat_postMessage(channel="U0ANN", text="Q", blocks=BUTTONS)["ts"]
        with pytest.raises(ValueError, match=r"no element with action_id 'nope'.*approve"):
            sandbox.click("U0ANN", "D0ANN", ts, "nope")
        with pytest.raises(ValueError, match="U0BEN is not in D0ANN"):
            sandbox.click("U0BEN", "D0ANN", ts, "approve")
        with pytest.raises(ValueError, match="message_not_found"):
            sandbox.click("U0ANN", "D0ANN", "1.000001", "approve")
        assert relay.received == []


class TestModals:
    def open(self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay) -> dict[str, Any]:
        sandbox.shortcut("U0ANN", "add_feedback")
        body = relay.bodies[-1]
        view: dict[str, Any] = web.views_open(trigger_id=body["trigger_id"], view=MODAL)["view"]
        return view

    def test_a_submission_carries_the_state_and_closes(
        self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        view = self.open(web, sandbox, relay)
        opened = sandbox.view("U0ANN")
        assert opened is not None
        assert opened["id"] == view["id"]
        sandbox.submit("U0ANN", {"pain": "no export", "severity": "high"})
        sent = relay.bodies[-1]
        assert sent["type"] == "view_submission"
        values = sent["view"]["state"]["values"]
        assert values["pain"]["text"] == {"type": "plain_text_input", "value": "no export"}
        assert values["severity"]["choice"]["selected_option"]["value"] == "high"
        assert sent["view"]["private_metadata"] == "kept"
        assert sandbox.view("U0ANN") is None

    def test_errors_keep_the_modal_open(
        self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        view = self.open(web, sandbox, relay)
        relay.answer = lambda body: {"response_action": "errors", "errors": {"pain": "too short"}}
        sandbox.submit("U0ANN", {"pain": "x"})
        assert sandbox.state()["view_errors"] == {view["id"]: {"pain": "too short"}}
        with pytest.raises(ValueError, match="'pain' must be filled in"):
            sandbox.submit("U0ANN", {})

    def test_a_trigger_opens_one_view_within_three_seconds(
        self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        self.open(web, sandbox, relay)
        used = relay.bodies[-1]["trigger_id"]
        again = {"trigger_id": used, "view": MODAL}
        assert error_of(web.views_open, **again) == "exchanged_trigger_id"
        unknown = {"trigger_id": "1.2.x", "view": MODAL}
        assert error_of(web.views_open, **unknown) == "invalid_trigger_id"
        sandbox.shortcut("U0ANN", "add_feedback")
        late = relay.bodies[-1]["trigger_id"]
        deadline = time.monotonic() + 3.05
        while time.monotonic() < deadline:  # the three seconds are the thing under test
            time.sleep(0.05)
        assert error_of(web.views_open, trigger_id=late, view=MODAL) == "expired_trigger_id"

    def test_an_update_with_an_old_hash_is_refused(
        self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        view = self.open(web, sandbox, relay)
        changed = {**MODAL, "title": {"type": "plain_text", "text": "Second"}}
        new = web.views_update(view_id=view["id"], hash=view["hash"], view=changed)["view"]
        assert (new["id"], new["title"]["text"]) == (view["id"], "Second")
        stale = {"view_id": view["id"], "hash": view["hash"], "view": changed}
        assert error_of(web.views_update, **stale) == "hash_conflict"
        assert error_of(web.views_update, view_id="V0", view=changed) == "not_found"

    def test_home_is_published_and_its_buttons_work(
        self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        sandbox.open_home("U0ANN")
        assert relay.bodies[-1]["event"]["type"] == "app_home_opened"
        web.views_publish(user_id="U0ANN", view={"type": "home", "blocks": BUTTONS})
        home = sandbox.state()["homes"]["U0ANN"]
        sandbox.click_view("U0ANN", "decline", home["id"])
        assert relay.bodies[-1]["container"] == {"type": "view", "view_id": home["id"]}


def test_a_restart_keeps_every_message(tmp_path: Path) -> None:
    port = free_port()
    with running_sandbox(tmp_path, "http://127.0.0.1:9/none", port=port) as sandbox:
        web = WebClient("xoxb-sandbox", base_url=sandbox.api_url)
        ts = web.chat_postMessage(channel="U0ANN", text="before", blocks=BUTTONS)["ts"]
        web.reactions_add(channel="D0ANN", timestamp=ts, name="eyes")
        web.views_publish(user_id="U0ANN", view={"type": "home", "blocks": BUTTONS[:1]})
        before = sandbox.state()
    with running_sandbox(tmp_path, "http://127.0.0.1:9/none", port=port) as sandbox:
        after = sandbox.state()
        for part in ("messages", "channels", "homes"):
            assert after[part] == before[part]
        web = WebClient("xoxb-sandbox", base_url=sandbox.api_url)
        assert web.chat_postMessage(channel="U0ANN", text="after")["ts"] > ts
        unreachable = sandbox.click("U0ANN", "D0ANN", ts, "approve")
        assert (unreachable["ok"], unreachable["error"]) == (False, "connection_failed")


def test_pages_elsewhere_cannot_reach_in(sandbox: SlackSandbox) -> None:
    url = sandbox.base_url
    rebound = httpx.get(f"{url}/sandbox/state", headers={"Host": "evil.example"}, trust_env=False)
    assert rebound.status_code == 403
    simple = httpx.post(f"{url}/sandbox/reset", content="{}", trust_env=False)
    assert simple.status_code == 400
