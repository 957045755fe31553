"""Analytics questions answered from a history small enough to be computed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from include.base.errors import FatalError
from include.insights.prepared import read_only, run_query
from include.insights.question import QUERIES, Filters, Question
from include.store.session import session_scope
from include.workflows import ask_analytics as analytics

if TYPE_CHECKING:
    from tests.db.insights.conftest import World


def ask(said: str) -> dict[str, Any]:
    return analytics.ask({"question": said})


def test_what_hurts_enterprise_customers_in_emea(history: World) -> None:
    """Open requests only: pdf has shipped. Of csv, big said it twice; small is no enterprise."""
    answer = ask("What hurts enterprise customers in EMEA?")
    assert answer["query"] == "top_requests"
    assert answer["filters"] == {"regions": ["EMEA"], "enterprise": True, "status": "open"}
    assert answer["rows"] == [
        {
            "slug": "csv",
            "title": "Request csv",
            "status": "open",
            "feedback": 2,
            "high": 2,
            "accounts": 1,
            "arr": 400_000.0,
        }
    ]
    assert answer["totals"] == {
        "requests": 1,
        "feedback": 2,
        "high": 2,
        "accounts": 1,
        "arr": 400_000.0,
        "unknown_arr": 0,
    }
    assert answer["text"].endswith(
        "Query top_requests; filters: enterprise customers, region EMEA, open requests."
    )
    assert "1. Request csv: 1 account, $400k ARR, 2 pieces of feedback" in answer["text"]


def test_an_account_counts_once_and_a_negative_or_unknown_arr_adds_nothing(history: World) -> None:
    answer = ask("how much ARR do dealbreakers put at stake?")
    # big 400k, huge 300k, debt 0, blank unknown; the piece that was taken off does not count.
    assert answer["totals"]["arr"] == 700_000.0
    assert (answer["totals"]["accounts"], answer["totals"]["unknown_arr"]) == (4, 1)
    assert answer["totals"]["feedback"] == 7


def test_counts_by_area_segment_account_status_and_week(history: World) -> None:
    areas = {row["slug"]: row for row in ask("feedback by area")["rows"]}
    assert (areas["reporting"]["requests"], areas["reporting"]["feedback"]) == (2, 5)
    assert "access" not in areas  # its only request has shipped
    segments = ask("which regions complain most?")["rows"]
    assert [(row["enterprise"], row["region"], row["feedback"]) for row in segments] == [
        (True, "EMEA", 2),
        (True, None, 1),
        (False, "AMER", 1),
        (None, None, 1),
    ]
    accounts = ask("which enterprise accounts said most?")["rows"]
    assert [(row["account"], row["feedback"]) for row in accounts] == [("big", 2), ("huge", 1)]
    assert {row["status"]: row["requests"] for row in ask("requests by status")["rows"]} == {
        "open": 2,
        "shipped": 1,
    }
    weeks = ask("feedback per week")["rows"]
    assert [(row["week"], row["feedback"]) for row in weeks] == [
        ("2026-03-09", 1),
        ("2026-03-02", 8),
    ]


def test_feedback_of_a_merged_request_counts_for_the_other(history: World) -> None:
    ids = dict(history.session.execute(text("SELECT slug, id FROM requests")).all())
    history.run(
        "INSERT INTO request_merges (request_id, into_id, merged_by) VALUES (:a, :b, 'test')",
        a=ids["late"],
        b=ids["csv"],
    )
    history.session.commit()
    [row] = ask("what hurts?")["rows"]
    assert (row["slug"], row["feedback"]) == ("csv", 5)


def test_what_shipped_and_when(history: World) -> None:
    answer = ask("what shipped in March 2026?")
    [row] = answer["rows"]
    assert (row["slug"], row["shipped_on"]) == ("pdf", "2026-03-09")
    assert ask("what shipped in 2025?")["rows"] == []


def test_a_question_with_words_that_were_not_understood_is_asked_back(history: World) -> None:
    for said in (
        "what hurts customers in EMEA about exports?",
        "How much ARR is at risk because of exports?",
    ):
        answer = ask(said)
        assert answer["status"] == "not_understood"
        assert "exports" in answer["not_understood"]
        assert "I did not understand" in answer["text"]
        assert "rows" not in answer


def test_a_question_that_fits_no_query_lists_them(history: World) -> None:
    answer = ask("Why is the sky blue?")
    assert answer["status"] == "not_understood"
    assert answer["queries"] == QUERIES


@pytest.mark.parametrize("said", ["", "  \n", "\x00"])
def test_a_blank_question_is_refused(history: World, said: str) -> None:
    with pytest.raises(FatalError, match="question is blank"):
        ask(said)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("what hurts '; DROP TABLE requests; --", "not_understood"),
        ("what hurts " + "🔥" * 900, "answered"),
        ("what hurts <b>EMEA</b> ```SELECT 1``` https://example.com", "not_understood"),
        ("what hurts 顧客 und Kunden in EMEA?", "not_understood"),
        ("what hurts " + "a" * 10_000, "not_understood"),
    ],
)
def test_odd_questions_change_nothing_and_unknown_words_are_asked_about(
    history: World, said: str, status: str
) -> None:
    assert ask(said)["status"] == status
    with session_scope() as session:
        assert session.scalar(text("SELECT count(*) FROM requests")) == 3


def test_every_prepared_query_takes_every_filter(history: World) -> None:
    filters = Filters(
        areas=("reporting",),
        regions=("emea",),
        enterprise=True,
        severity="high",
        status="open",
        account="big",
        request="csv",
    )
    for query in QUERIES:
        with session_scope() as session:
            read_only(session)
            found = run_query(session, Question(query, filters))
        assert found.totals["feedback"] == (0 if query == "shipped" else 2), query


def test_the_transaction_of_a_question_can_change_nothing(history: World) -> None:
    read_only(history.session)
    with pytest.raises(InternalError, match="read-only transaction"):
        history.run("DELETE FROM request_links")
    history.session.rollback()


def test_a_model_chooses_only_where_the_rules_leave_something_over(history: World) -> None:
    asked = []

    def choose(said: str, known: Any, today: Any) -> Question | None:
        asked.append(said)
        return Question("totals", Filters(areas=("access",)))

    plain = analytics.ask({"question": "what hurts?"}, choose=choose)
    assert (plain["chosen_by"], asked) == ("rules", [])
    chosen = analytics.ask({"question": "Wie viel ARR hängt an Access?"}, choose=choose)
    assert (chosen["chosen_by"], chosen["totals"]["feedback"]) == ("model", 4)
