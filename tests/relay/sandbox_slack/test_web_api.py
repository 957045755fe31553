"""The sandbox's Web API answers the real client as Slack does, errors and limits included."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.relay.sandbox_slack.conftest import BUTTONS, error_of

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.unit.sandbox.fake_relay import FakeRelay


class TestWebApi:
    def test_a_missing_and_a_wrong_token_are_told_apart(self, sandbox: SlackSandbox) -> None:
        assert error_of(WebClient(base_url=sandbox.api_url).auth_test) == "not_authed"
        assert error_of(WebClient("xoxb-no", base_url=sandbox.api_url).auth_test) == "invalid_auth"

    def test_the_bot_knows_itself_and_its_team(self, web: WebClient) -> None:
        assert web.auth_test()["user_id"] == "U0GTMBOT"
        assert web.team_info()["team"]["id"] == "T0DEMO"
        wrong = error_of(web.apps_connections_open, app_token="xoxb-sandbox")
        assert wrong == "not_allowed_token_type"
        assert error_of(web.apps_connections_open, app_token="xapp-other") == "invalid_auth"
        assert web.apps_connections_open(app_token="xapp-sandbox")["url"].startswith("ws://")
        assert error_of(web.api_call, api_method="no.such") == "unknown_method"

    def test_people_are_found_by_id_and_by_email(self, web: WebClient) -> None:
        assert web.users_info(user="U0ANN")["user"]["profile"]["email"] == "ann.ames@example.com"
        assert web.users_lookupByEmail(email="BEN.Okafor@example.com")["user"]["id"] == "U0BEN"
        assert error_of(web.users_info, user="U0NOBODY") == "user_not_found"
        assert error_of(web.users_lookupByEmail, email="x@example.com") == "users_not_found"

    def test_who_does_not_want_to_be_disturbed_and_who_has_left(
        self, web: WebClient, sandbox: SlackSandbox
    ) -> None:
        free = {"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}
        assert web.dnd_info(user="U0ANN").data == {"ok": True, **free}
        sandbox.act("do_not_disturb", "U0ANN", minutes=10)
        paused = web.dnd_info(user="U0ANN")
        assert paused["dnd_enabled"] is True
        assert 595 <= paused["next_dnd_end_ts"] - paused["next_dnd_start_ts"] <= 600
        assert web.dnd_info(user="U0BEN")["dnd_enabled"] is False
        sandbox.act("do_not_disturb", "U0ANN", minutes=0)
        assert web.dnd_info(user="U0ANN")["dnd_enabled"] is False
        assert error_of(web.dnd_info, user="U0NOBODY") == "user_not_found"

        sandbox.act("deactivate", "U0BEN")
        assert web.users_info(user="U0BEN")["user"]["deleted"] is True
        assert web.users_info(user="U0ANN")["user"]["deleted"] is False
        sandbox.act("deactivate", "U0BEN", back=True)
        assert web.users_info(user="U0BEN")["user"]["deleted"] is False

    def test_a_message_to_a_user_id_opens_the_dm(
        self, web: WebClient, sandbox: SlackSandbox
    ) -> None:
        posted = web.chat_postMessage(channel="U0ANN", text="hello", blocks=BUTTONS)
        assert posted["channel"] == "D0ANN"
        assert web.conversations_open(users=["U0ANN"])["channel"]["id"] == "D0ANN"
        assert web.conversations_info(channel="D0ANN")["channel"]["is_im"] is True
        assert [m["text"] for m in sandbox.dm("U0ANN")] == ["hello"]
        assert sandbox.dm("U0BEN") == []

    def test_timestamps_are_unique_and_increase(self, web: WebClient) -> None:
        stamps = [web.chat_postMessage(channel="#feedback", text=str(i))["ts"] for i in range(20)]
        assert stamps == sorted(set(stamps))
        assert all(len(ts.partition(".")[2]) == 6 for ts in stamps)

    def test_history_is_newest_first_in_pages_and_shows_metadata_on_request(
        self, web: WebClient
    ) -> None:
        meta = {"event_type": "question", "event_payload": {"hook": "h1"}}
        for i in range(5):
            web.chat_postMessage(channel="C0FEEDBACK", text=f"m{i}", metadata=meta)
        first = web.conversations_history(channel="C0FEEDBACK", limit=2, include_all_metadata=True)
        assert [m["text"] for m in first["messages"]] == ["m4", "m3"]
        assert first["messages"][0]["metadata"] == meta
        rest = web.conversations_history(
            channel="C0FEEDBACK", limit=10, cursor=first["response_metadata"]["next_cursor"]
        )
        assert [m["text"] for m in rest["messages"]] == ["m2", "m1", "m0"]
        assert rest["has_more"] is False
        assert "metadata" not in rest["messages"][0]
        newer = web.conversations_history(
            channel="C0FEEDBACK", oldest=first["messages"][1]["ts"], inclusive=False
        )
        assert [m["text"] for m in newer["messages"]] == ["m4"]

    def test_replies_belong_to_the_thread_not_to_the_channel(self, web: WebClient) -> None:
        parent = web.chat_postMessage(channel="C0FEEDBACK", text="parent")["ts"]
        web.chat_postMessage(channel="C0FEEDBACK", text="reply", thread_ts=parent)
        thread = web.conversations_replies(channel="C0FEEDBACK", ts=parent)["messages"]
        assert [m["text"] for m in thread] == ["parent", "reply"]
        assert thread[0]["reply_count"] == 1
        history = web.conversations_history(channel="C0FEEDBACK")["messages"]
        assert [m["text"] for m in history] == ["parent"]
        missing = error_of(web.conversations_replies, channel="C0FEEDBACK", ts="1.000001")
        assert missing == "thread_not_found"

    def test_an_update_keeps_what_is_not_given(self, web: WebClient) -> None:
        ts = web.chat_postMessage(channel="C0REVIEW", text="open", blocks=BUTTONS)["ts"]
        kept = web.chat_update(channel="C0REVIEW", ts=ts, text="changed")["message"]
        assert (kept["text"], len(kept["blocks"])) == ("changed", 2)
        assert kept["edited"]["user"] == "U0GTMBOT"
        bare = web.chat_update(channel="C0REVIEW", ts=ts, text="bare", blocks=[])["message"]
        assert "blocks" not in bare

    def test_nobody_elses_message_can_be_changed(
        self, web: WebClient, sandbox: SlackSandbox
    ) -> None:
        ts = sandbox.say("U0ANN", "C0FEEDBACK", "mine")["ts"]
        where = {"channel": "C0FEEDBACK", "ts": ts}
        assert error_of(web.chat_update, text="x", **where) == "cant_update_message"
        assert error_of(web.chat_delete, **where) == "cant_delete_message"
        gone = {"channel": "C0FEEDBACK", "ts": "1.000001"}
        assert error_of(web.chat_update, text="x", **gone) == "message_not_found"
        own = web.chat_postMessage(channel="C0FEEDBACK", text="own")["ts"]
        web.chat_delete(channel="C0FEEDBACK", ts=own)
        assert [m["ts"] for m in sandbox.messages("C0FEEDBACK")] == [ts]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
            ({"channel": "C0DEALS", "text": "x"}, "not_in_channel"),
            ({"channel": "C0FEEDBACK"}, "no_text"),
            ({"channel": "C0FEEDBACK", "text": "x" * 40_001}, "msg_too_long"),
            (
                {"channel": "C0FEEDBACK", "text": "x", "metadata": {"a": 1}},
                "invalid_metadata_format",
            ),
            ({"channel": "C0FEEDBACK", "text": "x", "thread_ts": "1.2"}, "thread_not_found"),
            (
                {"channel": "C0FEEDBACK", "text": "x", "blocks": [{"type": "divider"}] * 51},
                "invalid_blocks",
            ),
        ],
    )
    def test_a_bad_message_is_refused(
        self, web: WebClient, sandbox: SlackSandbox, arguments: dict[str, Any], code: str
    ) -> None:
        post = {"api_method": "chat.postMessage", "json": arguments}
        assert error_of(web.api_call, **post) == code
        assert sandbox.messages("C0FEEDBACK") == []

    def test_joining_a_channel_makes_it_writable(self, web: WebClient) -> None:
        web.conversations_join(channel="C0DEALS")
        assert web.chat_postMessage(channel="C0DEALS", text="now").get("ok") is True
        names = [c["name"] for c in web.conversations_list()["channels"] if c["is_member"]]
        assert "deals" in names

    def test_an_ephemeral_is_seen_by_one_person(
        self, web: WebClient, sandbox: SlackSandbox
    ) -> None:
        web.chat_postEphemeral(channel="C0REVIEW", user="U0BEN", text="only you")
        assert [m["text"] for m in sandbox.messages("C0REVIEW", "U0BEN")] == ["only you"]
        assert sandbox.messages("C0REVIEW", "U0ANN") == []
        assert web.conversations_history(channel="C0REVIEW")["messages"] == []

    def test_a_reaction_counts_once_a_person(self, web: WebClient) -> None:
        ts = web.chat_postMessage(channel="C0FEEDBACK", text="x")["ts"]
        where = {"channel": "C0FEEDBACK", "timestamp": ts, "name": "eyes"}
        web.reactions_add(**where)
        assert error_of(web.reactions_add, **where) == "already_reacted"
        message = web.reactions_get(channel="C0FEEDBACK", timestamp=ts)["message"]
        assert message["reactions"] == [{"name": "eyes", "users": ["U0GTMBOT"], "count": 1}]
        web.reactions_remove(**where)
        assert error_of(web.reactions_remove, **where) == "no_reaction"

    def test_a_file_arrives_with_its_content(self, web: WebClient, sandbox: SlackSandbox) -> None:
        web.files_upload_v2(
            channel="C0GENERAL", filename="rising.csv", content="a,b\n", initial_comment="chart"
        )
        (message,) = sandbox.messages("C0GENERAL")
        assert message["text"] == "chart"
        assert httpx.get(message["files"][0]["url_private"], trust_env=False).text == "a,b\n"

    def test_a_permalink_and_an_unfurl_point_at_a_message(
        self, web: WebClient, sandbox: SlackSandbox
    ) -> None:
        link = "http://localhost:8080/requests/export"
        ts = sandbox.say("U0ANN", "C0FEEDBACK", f"see {link}")["ts"]
        shown = web.chat_getPermalink(channel="C0FEEDBACK", message_ts=ts)["permalink"]
        assert shown.endswith(f"/archives/C0FEEDBACK/p{ts.replace('.', '')}")
        web.chat_unfurl(channel="C0FEEDBACK", ts=ts, unfurls={link: {"blocks": BUTTONS[:1]}})
        assert sandbox.messages("C0FEEDBACK")[0]["attachments"][0]["from_url"] == link

    def test_a_button_in_an_unfurl_can_be_pressed(
        self, web: WebClient, sandbox: SlackSandbox, relay: FakeRelay
    ) -> None:
        link = "http://localhost:8080/requests/export"
        ts = sandbox.say("U0ANN", "C0FEEDBACK", link)["ts"]
        buttons = [{k: v for k, v in b.items() if k != "block_id"} for b in BUTTONS]
        web.chat_unfurl(channel="C0FEEDBACK", ts=ts, unfurls={link: {"blocks": buttons}})
        assert sandbox.click("U0BEN", "C0FEEDBACK", ts, "approve")["ok"] is True
        assert relay.bodies[-1]["user"]["id"] == "U0BEN"


class TestFaults:
    def test_a_rate_limit_carries_retry_after_and_passes(
        self, web: WebClient, sandbox: SlackSandbox
    ) -> None:
        sandbox.faults("chat.postMessage", error="ratelimited", retry_after=7, times=2)
        for _ in range(2):
            with pytest.raises(SlackApiError) as caught:
                web.chat_postMessage(channel="C0FEEDBACK", text="x")
            response = caught.value.response
            assert (response.status_code, response["error"]) == (429, "ratelimited")
            assert response.headers["Retry-After"] == "7"
        web.chat_postMessage(channel="C0FEEDBACK", text="x")
        assert sandbox.calls()["chat.postMessage"] == 3
        assert len(sandbox.messages("C0FEEDBACK")) == 1

    def test_a_lost_answer_leaves_the_message_behind(
        self, web: WebClient, sandbox: SlackSandbox
    ) -> None:
        sandbox.faults("chat.postMessage", status=503, applied=True)
        with pytest.raises(SlackApiError):
            web.chat_postMessage(channel="C0FEEDBACK", text="posted all the same")
        assert [m["text"] for m in sandbox.messages("C0FEEDBACK")] == ["posted all the same"]

    def test_a_delay_makes_the_call_slow_and_only_that_channel(
        self, web: WebClient, sandbox: SlackSandbox
    ) -> None:
        sandbox.faults("chat.postMessage", delay_seconds=0.5, channel="C0REVIEW")
        started = time.monotonic()
        web.chat_postMessage(channel="C0FEEDBACK", text="fast")
        assert time.monotonic() - started < 0.4
        web.chat_postMessage(channel="C0REVIEW", text="slow")
        assert time.monotonic() - started > 0.5

    def test_a_fault_without_effect_is_refused(self, sandbox: SlackSandbox) -> None:
        with pytest.raises(ValueError, match="needs an error"):
            sandbox.faults("chat.postMessage")
        with pytest.raises(ValueError, match="not a fault"):
            sandbox.faults("chat.postMessage", erorr="typo")
