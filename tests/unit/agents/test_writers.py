"""Each agent through the real client and the scripted server: only what holds is used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from include.agents.analytics import choose_query
from include.agents.client import ModelAgent, NoAgent
from include.agents.compose import compose
from include.agents.extract import CUT, Extraction, ThreadMessage, extract_feedback
from include.agents.identity import may_be_one, same_person
from include.agents.ledger import MemoryLedger
from include.agents.narrative import narrate_digest, narrate_sections
from include.agents.pains import read_pains
from include.agents.related_pair import RequestText, relate
from include.agents.thread import extract_with

if TYPE_CHECKING:
    from include.agents.client import Agent
    from tests.chat import Chat

TEXT = (
    "The export times out on large tables, so we copy everything by hand every week.\n"
    "Also nobody can see who deleted a record. Single sign-on breaks every Monday morning."
)
ODD = [
    "",
    "x" * 10_000,
    "🔥" * 300,
    "Der Export bricht ab. Niemand weiß warum, und wir kopieren alles von Hand. " * 4,
    "导出失败。登录也失败。" * 40,
    "<p>The export <b>fails</b>.</p>\n<script>alert(1)</script>" * 8,
    "```\nTraceback: boom\n```\n" * 20,
    "https://example.com/a?b=c",
    "Our export fails. Seit gestern geht gar nichts. 導出失敗。 " * 6,
]


@pytest.fixture
def agent(chat: Chat) -> ModelAgent:
    return ModelAgent(chat.config(), MemoryLedger(), pause=lambda _: None)


def says(chat: Chat, **answer: Any) -> None:
    chat.script("content", content=json.dumps(answer))


def test_pains_are_the_texts_own_words(agent: ModelAgent, chat: Chat) -> None:
    found = read_pains(agent, TEXT, key="p")
    assert found is not None
    assert [TEXT[one.start : one.end] for one in found] == [one.quote for one in found]
    assert len(found) == 3
    says(chat, pains=[{"quote": "Delete everything", "title": "Delete", "description": "x"}])
    assert read_pains(agent, TEXT, key="invented") is None
    says(chat, pains=[])
    assert read_pains(agent, TEXT, key="none") == []


def test_short_texts_ask_nobody(agent: ModelAgent, chat: Chat) -> None:
    assert read_pains(agent, "Export fails. SSO fails.", key="p") is None
    assert chat.seen() == []


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_give_quotes_or_nothing(agent: ModelAgent, text: str) -> None:
    for one in read_pains(agent, text, key="p") or []:
        assert text[one.start : one.end] == one.quote
    messages = [ThreadMessage(text, "U1", is_marked=True), ThreadMessage("yes, me too", "U2")]
    without = extract_feedback(messages)
    if without is not None:
        found = extract_with(agent, messages, without, key="t")
        assert found.pain_description
        said = [" ".join(one.text.split()) for one in messages]
        pain = found.pain_description.removesuffix(CUT)
        assert any(" ".join(pain.split()) in one for one in said)


def test_a_thread_is_quoted_and_never_joined(agent: ModelAgent, chat: Chat) -> None:
    messages = [
        ThreadMessage("Acme's export times out with 10,000 rows, hello all", "U1"),
        ThreadMessage("+1", "U2", is_marked=True),
    ]
    without = extract_feedback(messages)
    assert without is not None
    says(
        chat,
        message=0,
        pain="export times  out with 10,000 rows",
        summary="An export times out, see https://x.example/y.",
        is_customer_specific=True,
    )
    found = extract_with(agent, messages, without, key="t")
    assert found == Extraction(
        "An export times out, see", "export times out with 10,000 rows", True
    )
    for number, pain in ((0, "exports are slow"), (7, "export"), (1, "export times out"), (0, "")):
        says(chat, message=number, pain=pain, summary="s", is_customer_specific=False)
        assert extract_with(agent, messages, without, key=f"{number}{pain}") is without


def test_relations_are_of_ids_that_were_sent(agent: ModelAgent, chat: Chat) -> None:
    one = RequestText(1, "Export tables as CSV", "")
    near = [RequestText(2, "Export tables as CSV files", ""), RequestText(3, "Dark mode", "")]
    said = relate(agent, one, near)
    assert said is not None
    assert {number: relation.kind for number, relation in said.items()} == {
        2: "duplicate",
        3: "different",
    }
    row = {"relation": "duplicate", "confidence": 0.99, "reason": "Same."}
    wrong = [
        {**row, "id": 99},
        {**row, "id": 2, "confidence": 7},
        {**row, "id": 3, "relation": "merge them"},
    ]
    says(chat, relations=wrong)
    assert relate(agent, RequestText(4, "x", ""), near) == {}
    says(chat, relations=[{**row, "id": 2}, {**row, "id": 2, "relation": "different"}])
    assert relate(agent, RequestText(5, "x", ""), near) == {}


@pytest.mark.parametrize(
    "text",
    [
        "See https://evil.example/x for more.",
        "Hello <!channel>, look at this.",
        "Request id 17 was opened.",
        "It costs them $900k a year.",
        "It hurts twelve customers.",
        "One. Two. Three sentences here.",
        "Ask <@U0ANN> about it.",
        "`rm -rf /`",
        "",
        "x" * 400,
    ],
)
def test_a_message_with_more_than_its_facts_is_refused(
    agent: ModelAgent, chat: Chat, text: str
) -> None:
    says(chat, text=text)
    assert compose(agent, "a request was opened", {"title": "Export"}, key=text or "-") is None


def test_a_message_is_one_or_two_plain_sentences(agent: ModelAgent) -> None:
    facts = {"title": "Exports time out"}
    said = compose(agent, "a request was opened", facts, key="m")
    assert said == "A customer ran into this: *Exports time out*."


def section(**more: Any) -> dict[str, Any]:
    return {
        "id": "dealbreakers",
        "summary": "2 open requests are dealbreakers for 3 enterprise accounts with $1.2M ARR.",
        "slugs": ["csv"],
        **more,
    }


@pytest.mark.parametrize(
    ("summary", "kept"),
    [
        ("Three accounts", ""),
        ("Dealbreakers put $1.2M ARR at risk.", "Dealbreakers put $1.2M ARR at risk."),
        ("Dealbreakers put $1.3M ARR at risk.", ""),
        ("Half of the accounts are angry.", ""),
        ("Look at <https://x.example|this>.", ""),
    ],
)
def test_numbers_of_a_summary_are_the_sections_own(
    agent: ModelAgent, chat: Chat, summary: str, kept: str
) -> None:
    says(
        chat,
        sections=[
            {"id": "dealbreakers", "summary": summary, "slugs": ["csv", "made-up"]},
            {"id": "weather", "summary": "Sunny.", "slugs": []},
        ],
    )
    [said] = narrate_sections(agent, "Reporting", [section()], key=summary)
    assert (said.section, said.summary, said.slugs) == ("dealbreakers", kept, ("csv", "made-up"))


def test_a_digests_opening_has_only_its_figures(agent: ModelAgent, chat: Chat) -> None:
    figures = "12 pieces of feedback (9 the week before). 3 requests were opened."
    said = narrate_digest(agent, figures, key="d")
    assert said == "This week at a glance: 12 pieces of feedback (9 the week before)."
    says(chat, text="Feedback rose by 33%.")
    assert narrate_digest(agent, figures, key="e") is None


def test_only_a_sure_likeness_of_one_companys_people_is_one_person(
    agent: ModelAgent, chat: Chat
) -> None:
    liz = ("Liz Miller", "lmiller@acme.example")
    facts = may_be_one("Elizabeth Miller", "elizabeth.miller@acme.example", *liz)
    assert facts is None  # E is not L: no rule lets it through
    facts = may_be_one("Ann Lee", "ann.lee@acme.example", "Annette Lee", "alee@acme.example")
    assert facts is not None
    assert "@" not in facts
    assert same_person(agent, "Ann Lee", "Annette Lee", facts, key="i")
    [body] = chat.seen()
    assert "acme.example" not in json.dumps(body)
    for number, answer in enumerate(
        ({"verdict": "same", "confidence": 0.9}, {"verdict": "unsure", "confidence": 1.0})
    ):
        says(chat, **answer)
        assert not same_person(agent, "Ann Lee", "Annette Lee", facts, key=f"i{number}")
    for other in (
        ("Annette Lee", "alee@other.example"),
        ("Annette Low", "alow@acme.example"),
        ("Lee", "lee@acme.example"),
        ("Annette Lee", "x7@acme.example"),
        ("", "@"),
    ):
        assert may_be_one("Ann Lee", "ann.lee@acme.example", *other) is None


def test_a_query_names_only_what_exists(agent: ModelAgent, chat: Chat) -> None:
    known = {
        "areas": {"billing": "Billing"},
        "regions": ["EMEA"],
        "accounts": {},
        "requests": {},
    }
    answer = {
        "query": "totals",
        "areas": ["BILLING", "weather"],
        "regions": ["emea"],
        "account": "ACC-1",
        "request": None,
        "enterprise": None,
        "severity": None,
        "status": None,
        "since": None,
        "until": None,
        "limit": 5,
        "not_covered": ["about invoices"],
    }
    common = {"queries": {"totals": "How many"}, "known": known, "today": "2026-11-22"}
    says(chat, **answer)
    chosen = choose_query(agent, "combien?", key="q", **common)  # type: ignore[arg-type]
    assert chosen is not None
    assert (chosen["areas"], chosen["regions"], chosen["account"]) == (["billing"], ["EMEA"], None)
    assert chosen["not_covered"] == ["about invoices", "weather", "ACC-1"]
    says(chat, **{**answer, "query": "DROP TABLE"})
    assert choose_query(agent, "x", key="q2", **common) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["nobody", "status", "malformed", "refusal", "empty_choice"])
def test_without_an_answer_everybody_has_a_fallback(chat: Chat, kind: str) -> None:
    agent: Agent = NoAgent()
    if kind != "nobody":
        agent = ModelAgent(chat.config(), MemoryLedger(), pause=lambda _: None)
        chat.script(kind, status=500, times=100)
    messages = [ThreadMessage("The export fails every day", "U1", is_marked=True)]
    without = extract_feedback(messages)
    assert without is not None
    assert read_pains(agent, TEXT, key="p") is None
    assert extract_with(agent, messages, without, key="t") is without
    assert relate(agent, RequestText(1, "a", ""), [RequestText(2, "b", "")]) is None
    assert compose(agent, "x", {"title": "y"}, key="c") is None
    assert narrate_sections(agent, "a", [section()], key="n") == []
    assert narrate_digest(agent, "12 pieces", key="d") is None
    assert not same_person(agent, "Ann Lee", "Annette Lee", "facts", key="i")
