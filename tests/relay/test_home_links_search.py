"""App Home, link previews, questions to the app, and ``/shipped``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.people.signed_in import run_actor
from include.relay import background
from include.store.models import (
    Account,
    Area,
    Entry,
    Feedback,
    RequestFollower,
    RequestMerge,
    RequestStatusChange,
    SlackEvent,
    User,
)
from include.store.session import session_scope
from tests.db.entries.conftest import WordsEmbedder, make_request
from tests.relay.conftest import Asked, hook_of
from tests.relay.support import click, slash

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.relay.support import Caller, FakeAirflow

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


def shipped(relay: Caller, said: str) -> dict[str, Any]:
    answer: dict[str, Any] = relay.command(slash(said, "/shipped")).json()
    return answer


def shipped_buttons(answer: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = answer.get("blocks") or []
    return [one for block in blocks if block["type"] == "actions" for one in block["elements"]]


def test_shipped_says_whom_it_will_tell_and_starts_only_when_pressed(
    relay: Caller, slack: SlackSandbox, airflow: FakeAirflow
) -> None:
    request_id = make_request(WordsEmbedder(), "Export tables as CSV")
    with session_scope() as session:
        ann = User(slack_user_id="U0ANN", email="ann@example.com", name="Ann")
        others = [User(slack_user_id="U0BEN", name="Ben"), User(email="eve@example.com")]
        session.add_all([ann, *others])
        session.flush()
        session.add_all(
            RequestFollower(request_id=request_id, user_id=user.id) for user in (ann, *others)
        )
    for said in (
        "export-tables-as-csv",
        f"{BASE}/requests/export-tables-as-csv",
        f"<{BASE}/requests/export-tables-as-csv|here>",
        "export tables as CSV",
    ):
        answer = shipped(relay, said)
        assert "*Export tables as CSV*: 2 people will be told" in answer["text"]
        assert "1 person without Slack cannot be told" in answer["text"]
    assert background.drain()
    assert airflow.runs == {}

    [button] = shipped_buttons(answer)
    for _ in range(2):
        relay.interact(click("ship_request", button["value"]))
    assert background.drain()

    [run] = airflow.runs.values()
    assert run["dag_id"] == "mark_shipped"
    # The run's id leads to the stored press; no address is in its conf, which Airflow shows.
    assert run["conf"] == {"request": "export-tables-as-csv"}
    with session_scope() as session:
        who = run_actor(
            session, None, dag_id="mark_shipped", run_id=run["dag_run_id"], started_by="relay"
        )
    assert (who.label, who.email) == ("slack:U0ANN", "ann.ames@example.com")


def test_words_that_may_mean_several_requests_are_offered_as_a_list(
    relay: Caller, slack: SlackSandbox, airflow: FakeAirflow
) -> None:
    for title in ("Export tables as CSV", "Export tables as PDF"):
        make_request(WordsEmbedder(), title)
    answer = shipped(relay, "export tables")
    found = shipped_buttons(answer)
    assert {one["text"]["text"] for one in found} == {
        "Export tables as CSV",
        "Export tables as PDF",
    }
    place = {"id": "C0FEEDBACK", "name": "feedback"}
    relay.interact(click(found[0]["action_id"], found[0]["value"], channel=place))
    assert background.drain()
    [told] = [m for m in slack.messages("C0FEEDBACK", "U0ANN") if m.get("ephemeral_to") == "U0ANN"]
    assert "Nobody follows it, so nobody will be told." in told["text"]
    assert airflow.runs == {}


def test_what_has_shipped_or_was_merged_is_said_before_anything_is_done(
    relay: Caller, airflow: FakeAirflow
) -> None:
    old = make_request(WordsEmbedder(), "Print tables on paper")
    new = make_request(WordsEmbedder(), "Print everything")
    done = make_request(WordsEmbedder(), "Archive mails", status="shipped")
    with session_scope() as session:
        session.add(RequestMerge(request_id=old, into_id=new, merged_by="user:a"))
        session.add(
            RequestStatusChange(request_id=done, status="shipped", changed_by="slack:U0BEN")
        )
    merged = shipped(relay, "print-tables-on-paper")
    assert "was merged into *Print everything*" in merged["text"]
    assert len(shipped_buttons(merged)) == 1
    already = shipped(relay, "archive-mails")
    assert "It already shipped on" in already["text"]
    assert "by <@U0BEN>; 0 people told then. Nobody will be told again." in already["text"]
    assert shipped_buttons(already) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", "Tell me which request"),
        ("no-such", "I know no request like `no-such`"),
        ("https://evil.example/requests/export-tables-as-csv", "is not the page of one of our"),
        ("<!channel> everything", "I know no request like `&lt;!channel&gt; everything`"),
        (f"{BASE}/areas/exports", "is not the page of one of our requests"),
    ],
)
def test_shipped_says_what_it_cannot_use(
    relay: Caller, airflow: FakeAirflow, said: str, words: str
) -> None:
    make_request(WordsEmbedder(), "Export tables as CSV")
    assert words in relay.command(slash(said, "/shipped")).json()["text"]
    assert background.drain()
    assert airflow.runs == {}


def test_shipped_says_when_its_workflow_is_not_there(
    relay: Caller, slack: SlackSandbox, airflow: FakeAirflow
) -> None:
    make_request(WordsEmbedder(), "Export tables as CSV")
    airflow.statuses = [404]
    [button] = shipped_buttons(shipped(relay, "export-tables-as-csv"))
    place = {"id": "C0FEEDBACK", "name": "feedback"}
    relay.interact(click("ship_request", button["value"], channel=place))
    assert background.drain()

    told = [m for m in slack.messages("C0FEEDBACK", "U0ANN") if m.get("ephemeral_to") == "U0ANN"]
    assert any("its workflow `mark_shipped` is not there" in one["text"] for one in told)
    with session_scope() as session:
        assert session.scalars(select(SlackEvent.state)).one() == "failed"
