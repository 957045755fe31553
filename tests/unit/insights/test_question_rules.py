"""Reading analytics questions without a model: what is asked, of whom, and what is left over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from include.insights.question import QUERIES, Vocabulary
from include.insights.question_rules import read_question
from include.insights.wording import quoted

TODAY = date(2026, 11, 22)
KNOWN = Vocabulary(
    areas={"billing": "Billing", "reporting": "Reports and dashboards", "needs-review": "Needs"},
    regions=("EMEA", "AMER", "APAC"),
    accounts={"ACC-1": "Acme Corp"},
    requests={"export-a-table-as-csv": "Export a table as CSV"},
    deals={"OPP-1": "Renewal 2027"},
    nicknames={"ACC-1": "acme"},
)


@pytest.mark.parametrize(
    ("said", "query", "filters"),
    [
        (
            "What hurts enterprise customers in EMEA?",
            "top_requests",
            {"regions": ["EMEA"], "enterprise": True, "status": "open"},
        ),
        ("which areas have the most dealbreakers?", "by_area", {"severity": "high"}),
        ("how many requests are open in billing?", "totals", {"areas": ["billing"]}),
        (
            "what do non-enterprise customers complain about in Reports and dashboards?",
            "top_requests",
            {"areas": ["reporting"], "enterprise": False},
        ),
        ("which enterprise customers complain most?", "by_account", {"enterprise": True}),
        ("what does Acme Corp want?", "top_requests", {"account": "ACC-1"}),
        ("who is asking for export-a-table-as-csv?", "by_account", {}),
        ("which regions hurt most?", "by_segment", {"status": "open"}),
        ("requests by status", "by_status", {}),
        ("feedback per week", "by_week", {}),
        ("show me feedback from Acme Corp", "feedback", {"account": "ACC-1"}),
        ("what did Acme say last week?", "feedback", {"account": "ACC-1"}),
        ("how much feedback from the Renewal 2027 deal?", "totals", {"deal": "OPP-1"}),
        ("show me everything Acme told us", "feedback", {"account": "ACC-1"}),
        ("feedback in the last quarter from non-enterprise", "feedback", {"enterprise": False}),
        ("how much ARR is behind Export a table as CSV?", "totals", {}),
        ("ARR at risk in APAC", "totals", {"regions": ["APAC"]}),
        ("top 3 accounts in EMEA", "by_account", {"regions": ["EMEA"]}),
        ("our biggest customers", "by_account", {}),
        ("top areas this year", "by_area", {}),
        ("which of our customers complain about billing?", "by_account", {"areas": ["billing"]}),
        ("which customer segment hurts most?", "by_segment", {}),
        ("rank requests by ARR", "top_requests", {"status": "open"}),
        ("nice-to-haves in billing", "top_requests", {"severity": "low"}),
        ("open requests in billing", "top_requests", {"areas": ["billing"], "status": "open"}),
        ("how many requests did we ship last month?", "shipped", {}),
    ],
)
def test_a_question_chooses_a_query_and_is_understood_to_the_last_word(
    said: str, query: str, filters: dict[str, object]
) -> None:
    found = read_question(said, KNOWN, TODAY)
    assert found is not None
    assert found.query == query
    assert filters.items() <= found.filters.given().items()
    assert found.unread == ()
    assert found.query in QUERIES


@pytest.mark.parametrize(
    ("said", "since", "until"),
    [
        ("what hurts in the last 30 days?", "2026-10-23", "2026-11-23"),
        ("what hurt last week?", "2026-11-09", "2026-11-16"),
        ("what shipped this quarter?", "2026-10-01", "2026-11-23"),
        ("what shipped last quarter?", "2026-07-01", "2026-10-01"),
        ("what shipped last month?", "2026-10-01", "2026-11-01"),
        ("what shipped last year?", "2025-01-01", "2026-01-01"),
        ("what shipped in December?", "2025-12-01", "2026-01-01"),
        ("what shipped in 2024?", "2024-01-01", "2025-01-01"),
        ("how many requests did we ship in 2024?", "2024-01-01", "2025-01-01"),
        ("top pains of today", "2026-11-22", "2026-11-23"),
        ("what shipped yesterday?", "2026-11-21", "2026-11-22"),
        ("what hurts since 2026-02-28?", "2026-02-28", "2026-11-23"),
    ],
)
def test_a_period_is_a_span_of_days(said: str, since: str, until: str) -> None:
    found = read_question(said, KNOWN, TODAY)
    assert found is not None
    assert found.filters.given()["period"] == {"since": since, "until": until}
    assert found.unread == ()


@pytest.mark.parametrize(
    ("said", "unread"),
    [
        ("what hurts customers about exports?", ("exports",)),
        ("what hurts enterprise customers in LATAM?", ("latam",)),
        ("how many asked for CSV?", ("csv",)),
        ("what hurts since 2026-02-31?", ("since", "2026-02-31")),
        ("which exports were shipped?", ("exports",)),
        ("show me the oldest feedback from Acme", ("oldest",)),
        ("what did nobody at Acme say?", ("nobody",)),
        ("what do our biggest customers want?", ("biggest",)),
        ("how many areas do we have?", ("areas",)),
        ("which requests shipped last month and which are open?", ("open",)),
        ("when will export-a-table-as-csv ship?", ("when", "will")),
        ("high and low severity feedback in billing", ("high",)),
        ("feedback per week and by area", ("by area",)),
        ("feedback not from enterprise", ("not",)),
    ],
)
def test_what_it_makes_nothing_of_is_handed_back(said: str, unread: tuple[str, ...]) -> None:
    found = read_question(said, KNOWN, TODAY)
    assert found is not None
    assert found.unread == unread


@pytest.mark.parametrize(
    "said",
    [
        "",
        "   ",
        "what do we have on SSO?",
        "invoices in euro",
        "🔥🔥🔥",
        "https://example.com/a?b=c",
        "was schmerzt unsere Kunden?",
        "顧客は何に困っていますか",
        "<script>alert(1)</script>",
        "```DROP TABLE requests;```",
    ],
)
def test_what_is_no_question_about_numbers_is_none(said: str) -> None:
    assert read_question(said, KNOWN, TODAY) is None


def test_a_very_long_question_is_read_up_to_its_limit() -> None:
    found = read_question("what hurts enterprise customers? " + "x" * 10_000, KNOWN, TODAY)
    assert found is not None
    assert found.filters.enterprise is True


def test_only_one_account_can_be_asked_about_and_the_other_is_told() -> None:
    known = replace(KNOWN, accounts={"ACC-1": "Acme Corp", "ACC-2": "Belmont"})
    found = read_question("what do Acme Corp and Belmont want?", known, TODAY)
    assert found is not None
    assert found.unread == ("Acme Corp",) or found.unread == ("Belmont",)


def test_a_limit_stays_within_bounds() -> None:
    found = read_question("top 99 pains", KNOWN, TODAY)
    assert found is not None
    assert found.limit == 20


@pytest.mark.parametrize(
    "said",
    [
        "which requests are not shipped?",
        "what hasn't shipped yet?",
        "which requests were never released?",
        "what has not been delivered?",
    ],
)
def test_what_has_not_shipped_is_open(said: str) -> None:
    found = read_question(said, KNOWN, TODAY)
    assert found is not None
    assert (found.query, found.filters.status, found.unread) == ("top_requests", "open", ())


def test_a_second_customer_or_request_is_told_as_not_understood() -> None:
    known = replace(KNOWN, accounts={"ACC-1": "Acme Corp", "ACC-2": "Globex"})
    found = read_question("show me feedback from Globex and Acme Corp", known, TODAY)
    assert found is not None
    assert (found.filters.account, found.unread) == ("ACC-1", ("Globex",))


def test_more_words_than_are_named_are_counted() -> None:
    words = [f"word{number}" for number in range(11)]
    assert quoted(words[:8]) == ", ".join(f"“{word}”" for word in words[:8])
    assert quoted(words) == quoted(words[:8]) + " and 3 more"
