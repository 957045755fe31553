"""App Home, link previews, and questions to the app."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.relay import background
from include.relay.listeners import link_shared
from include.store.models import (
    Account,
    Area,
    Entry,
    Feedback,
    SlackEvent,
)
from include.store.session import session_scope
from tests.db.entries.conftest import WordsEmbedder, make_request
from tests.relay.conftest import Asked, hook_of

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.relay.support import Caller

BASE = "https://feedback.example.com"


def home(slack: SlackSandbox, user: str = "U0ANN") -> str:
    return json.dumps(slack.state()["homes"][user]["blocks"], ensure_ascii=False)


def test_home_shows_my_question_and_takes_its_answer(workspace: SlackSandbox, asked: Asked) -> None:
    workspace.open_home("U0ANN")
    workspace.open_home("U0BEN")
    assert background.drain()
    assert "They copy tables by hand &amp; lose hours." in home(workspace)
    assert "Export tables as CSV" in home(workspace)
    assert "Nothing is waiting for you." in home(workspace, "U0BEN")

    view = workspace.state()["homes"]["U0ANN"]
    workspace.click_view("U0ANN", "answer_attach", view["id"])
    assert background.drain()

    assert hook_of(asked).answer == {"choice": "attach"}
    assert "Nothing is waiting for you." in home(workspace)
    assert "They copy tables by hand" in home(workspace)
    locked = next(m for m in workspace.dm("U0ANN") if m.get("blocks"))
    assert "<@U0ANN> chose" in json.dumps(locked["blocks"])


def test_a_second_answer_at_home_is_told_the_first(workspace: SlackSandbox, asked: Asked) -> None:
    workspace.open_home("U0ANN")
    assert background.drain()
    view = workspace.state()["homes"]["U0ANN"]
    first = workspace.click_view("U0ANN", "answer_create", view["id"])["sent"]
    assert background.drain()
    payload = {**first, "actions": [{**first["actions"][0], "action_ts": "1795399999.000100"}]}
    from include.relay.socket import take

    assert take(payload) == {}
    assert background.drain()

    assert hook_of(asked).answer == {"choice": "create"}
    assert any("This question is closed" in m["text"] for m in workspace.dm("U0ANN"))


def test_home_says_so_when_slack_is_away(workspace: SlackSandbox, asked: Asked) -> None:
    workspace.faults("views.publish", status=503)
    workspace.open_home("U0ANN")
    assert background.drain()
    assert "U0ANN" not in workspace.state()["homes"]


def pages() -> None:
    make_request(WordsEmbedder(), "Export tables as CSV")
    with session_scope() as session:
        session.add(Area(slug="exports", name="Exports", description="All about <exports>."))
        session.add(Account(id="ACC-1", name="Northwind", is_enterprise=True, region="EMEA"))


def preview(slack: SlackSandbox, channel: str, url: str, **more: Any) -> list[dict[str, Any]]:
    ts = slack.say("U0ANN", channel, f"look: {url}", **more)["ts"]
    assert background.drain()
    message = next(m for m in slack.messages(channel) if m["ts"] == ts)
    attachments: list[dict[str, Any]] = message.get("attachments", [])
    return attachments


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/requests/export-tables-as-csv", ["Export tables as CSV", "Feature request · open"]),
        ("/areas/exports", ["Exports", "All about &lt;exports&gt;.", "0 open"]),
        ("/accounts/ACC-1", ["Northwind", "EMEA · enterprise"]),
    ],
)
def test_a_link_to_a_page_is_previewed(
    workspace: SlackSandbox, path: str, words: list[str]
) -> None:
    pages()
    [shown] = preview(workspace, "C0FEEDBACK", f"{BASE}{path}")
    for word in words:
        assert word in json.dumps(shown["blocks"], ensure_ascii=False)


def test_another_company_sees_only_that_the_page_is_private(workspace: SlackSandbox) -> None:
    pages()
    [shown] = preview(workspace, "C0SHARED", f"{BASE}/accounts/ACC-1")
    [unknown] = preview(workspace, "C0SHARED", f"{BASE}/accounts/NO-SUCH")
    assert shown["blocks"][0]["text"] == unknown["blocks"][0]["text"]
    assert "Northwind" not in json.dumps(shown)
    assert "private page" in json.dumps(shown)


def test_without_slacks_word_that_the_channel_is_internal_nothing_is_shown(
    workspace: SlackSandbox, relay: Caller
) -> None:
    pages()
    url = f"{BASE}/requests/export-tables-as-csv"
    said = workspace.say("U0ANN", "C0GENERAL", f"look: {url}")["ts"]
    assert background.drain()  # Slack's own call, which says that the channel is internal
    body = {
        "type": "event_callback",
        "event_id": "Ev0X",
        "team_id": "T0DEMO",
        "event": {
            "type": "link_shared",
            "user": "U0ANN",
            "channel": "C0GENERAL",
            "message_ts": said,
            "links": [{"url": url, "domain": "feedback.example.com"}],
        },
    }
    assert relay.event(body).status_code == 200
    assert background.drain()
    message = next(m for m in workspace.messages("C0GENERAL") if m["ts"] == said)
    [shown] = [a for a in message["attachments"] if a["from_url"] == url]
    assert "private page" in json.dumps(shown)


@pytest.mark.parametrize(
    "url",
    [
        f"{BASE}/requests/no-such",
        f"{BASE}/elsewhere/export-tables-as-csv",
        f"{BASE}:8443/requests/export-tables-as-csv",
        "http://feedback.example.com/requests/export-tables-as-csv",
    ],
)
def test_other_links_are_left_alone(workspace: SlackSandbox, url: str) -> None:
    pages()
    assert preview(workspace, "C0FEEDBACK", url) == []


def test_a_mention_is_answered_in_the_thread_with_what_we_have(workspace: SlackSandbox) -> None:
    make_request(WordsEmbedder(), "Sign in with SSO from Okta")
    asked = workspace.say("U0ANN", "C0FEEDBACK", "@gtm-feedback what do we have on SSO?", repeat=2)
    assert background.drain()

    [answer] = [m for m in workspace.messages("C0FEEDBACK") if m["user"] == "U0GTMBOT"]
    assert answer["thread_ts"] == asked["ts"]
    assert answer["text"] == "1 request about “SSO”"
    assert "Sign in with SSO from Okta" in json.dumps(answer["blocks"])


def test_every_link_of_a_message_has_a_preview(workspace: SlackSandbox) -> None:
    pages()
    with session_scope() as session:
        session.add_all(Area(slug=f"area-{n}", name=f"Area {n}") for n in range(6))
    links = " ".join(f"https://feedback.example.com/areas/area-{n}" for n in range(6))
    shown = preview(workspace, "C0FEEDBACK", links)
    assert len(shown) == 6


@pytest.mark.parametrize(
    "question",
    [
        "how many customers want SSO?",
        "which accounts have asked for SSO",
        "who needs SSO?",
        "what do we have on single sign-on?",
    ],
)
def test_who_wants_something_is_a_search_with_numbers(
    workspace: SlackSandbox, question: str
) -> None:
    request_id = make_request(WordsEmbedder(), "Sign in with SSO from Okta")
    make_request(WordsEmbedder(), "Many customers want a dark mode")
    with session_scope() as session:
        for account in ("A1", "A2"):
            session.add(Account(id=account, name=account, region="EMEA"))
            entry = Entry(
                idempotency_key=f"test:{account}",
                source="api",
                customer_pain="It hurts.",
                dag_id="test",
                run_id=account,
                account_id=account,
                status="done",
                outcome="attached",
                severity="low",
            )
            session.add(entry)
            session.flush()
            session.add(
                Feedback(
                    request_id=request_id,
                    entry_id=entry.id,
                    account_id=account,
                    quote_length=9,
                    severity="low",
                    match_type="test",
                )
            )
    workspace.say("U0ANN", "C0FEEDBACK", f"@gtm-feedback {question}")
    assert background.drain()

    [answer] = [m for m in workspace.messages("C0FEEDBACK") if m["user"] == "U0GTMBOT"]
    assert "Sign in with SSO from Okta" in json.dumps(answer["blocks"][1])
    assert "open · 2 customers" in json.dumps(answer["blocks"][1], ensure_ascii=False)


def test_a_question_about_the_numbers_is_answered_with_its_query(workspace: SlackSandbox) -> None:
    with session_scope() as session:
        session.add(Account(id="A1", name="Acme", region="EMEA", is_enterprise=True))
    workspace.say("U0ANN", "C0FEEDBACK", "@gtm-feedback what hurts enterprise customers in EMEA?")
    assert background.drain()
    workspace.say("U0ANN", "C0FEEDBACK", "@gtm-feedback what hurts customers in Atlantis?")
    assert background.drain()

    answers = [m for m in workspace.messages("C0FEEDBACK") if m["user"] == "U0GTMBOT"]
    numbers = json.dumps(answers[0]["blocks"])
    assert "There is no request and no feedback like that." in numbers
    assert (
        "Query top_requests; filters: enterprise customers, region EMEA, open requests." in numbers
    )
    # What it does not know to the last word stays a search.
    assert answers[1]["text"].startswith("I found nothing about")


@pytest.mark.parametrize("said", ["help", "Hello!", "hi there", "what can you do?"])
def test_who_asks_for_help_gets_it(workspace: SlackSandbox, said: str) -> None:
    workspace.say("U0ANN", "C0FEEDBACK", f"@gtm-feedback {said}")
    assert background.drain()
    [answer] = [m for m in workspace.messages("C0FEEDBACK") if m["user"] == "U0GTMBOT"]
    assert "`/feedback`, followed by what the customer said" in answer["text"]


def test_another_company_is_not_told_what_we_have(workspace: SlackSandbox) -> None:
    make_request(WordsEmbedder(), "Sign in with SSO from Okta")
    workspace.say("U0ANN", "C0SHARED", "@gtm-feedback what do we have on SSO?")
    assert background.drain()
    [answer] = [m for m in workspace.messages("C0SHARED") if m["user"] == "U0GTMBOT"]
    assert "only people of this company" in answer["text"]
    assert "Okta" not in json.dumps(answer)


def test_a_direct_message_is_a_question_too(workspace: SlackSandbox) -> None:
    make_request(WordsEmbedder(), "Sign in with SSO from Okta")
    workspace.open_home("U0ANN")
    workspace.say("U0ANN", "D0ANN", "invoices in euro")
    assert background.drain()
    workspace.say("U0ANN", "D0ANN", "?!")
    assert background.drain()
    from include.outbox.effects import sweep
    from include.outbox.sender import Messages

    sweep(Messages())
    answers = [m["text"] for m in workspace.dm("U0ANN") if m["user"] == "U0GTMBOT"]
    assert answers[0] == "I found nothing about “invoices in euro”."
    assert answers[1].startswith("Ask me what we have on a subject")
    assert len(answers) == 2


def test_talk_that_is_not_meant_for_the_app_is_not_kept(workspace: SlackSandbox) -> None:
    workspace.say("U0ANN", "C0FEEDBACK", "what do we have on SSO?")
    workspace.event(
        "U0ANN", {"type": "message", "channel_type": "im", "subtype": "message_changed"}
    )
    workspace.event(
        "U0GTMBOT",
        {"type": "message", "channel_type": "im", "text": "x", "channel": "D0ANN", "ts": "1.2"},
    )
    assert background.drain()
    with session_scope() as session:
        assert session.scalars(select(SlackEvent)).all() == []


def test_one_link_more_than_a_call_previews_is_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[list[str]] = []

    class Client:
        def chat_unfurl(self, *, unfurls: dict[str, Any], **_place: str) -> None:
            shown.append(list(unfurls))

    monkeypatch.setattr(link_shared, "slack_client", Client)
    urls = [f"{BASE}/requests/{number}" for number in range(link_shared.AT_ONCE + 1)]
    told = {"source": "conversations_history", "unfurl_id": None, "message_ts": "1.1"}
    link_shared._unfurl("C0FEEDBACK", told, {url: {} for url in urls})
    assert shown == [urls[:5], urls[5:]]
