"""What the pages show, with whatever is in the database."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from include.base.tracing import trace_id
from include.requests.figures import catch_up
from include.requests.merging import merge, unmerge
from include.store.models import Account, Request, RequestFigures
from include.store.session import engine, session_scope
from tests.tracing import Spans
from tests.web.hosting import MOUNT, client_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from tests.web.world import World

QUERIED = (
    "inbox?whose=all",
    "requests",
    "requests?sort=newest&status=undelivered&area=reporting",
    "requests/csv-export",
    "entries/1",
    "areas",
    "areas/reporting",
    "accounts",
    "accounts/ACC-1",
    "digests",
    "health",
    "settings",
    "me",
)


@pytest.fixture
def statements(world: World) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(engine(), "before_cursor_execute", note)
    yield seen
    event.remove(engine(), "before_cursor_execute", note)


@pytest.mark.parametrize("page", QUERIED)
def test_the_number_of_queries_does_not_grow_with_the_rows(
    ann: TestClient, world: World, statements: list[str], page: str
) -> None:
    def queries() -> int:
        # Once before: figures that are stale are counted by the first.
        ann.get(f"{MOUNT}/{page}")
        statements.clear()
        assert ann.get(f"{MOUNT}/{page}").status_code == 200
        return len(statements)

    few = queries()
    csv_export = world.session.get_one(Request, 1)
    for number in range(12):
        request = world.request(f"more-{number}", f"Another request {number}", "reporting")
        world.evidence(request, f"Words {number}", account_id="ACC-1", by="ann")
        world.evidence(csv_export, f"More words {number}", account_id="ACC-2")
        world.question(request, f"A question {number}")
    world.session.commit()

    assert queries() == few


LARGE = {
    "analytics_events",
    "decisions",
    "entries",
    "feedback",
    "hooks",
    "messages",
    "model_calls",
    "request_figures",
    "requests",
    "run_starts",
}
"""Tables that grow with every piece of feedback, or hold every request."""


@pytest.mark.parametrize("page", QUERIED)
def test_no_large_table_is_read_without_an_index(ann: TestClient, world: World, page: str) -> None:
    asked: list[tuple[str, object]] = []

    def note(_one: object, _two: object, statement: str, values: object, *_more: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append((statement, values))

    ann.get(f"{MOUNT}/{page}")
    event.listen(engine(), "before_cursor_execute", note)
    assert ann.get(f"{MOUNT}/{page}").status_code == 200
    event.remove(engine(), "before_cursor_execute", note)
    read = []
    with engine().connect() as connection:
        # What can be read by an index is, then; what cannot is seen.
        connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, values in asked:
            [[plan]] = connection.exec_driver_sql(
                f"EXPLAIN (FORMAT JSON) {statement}", values
            ).fetchall()
            read += [(table, statement) for table in scanned(plan[0]["Plan"]) if table in LARGE]
    assert asked
    assert read == []


def scanned(plan: dict[str, Any]) -> list[str]:
    """Tables that a plan reads from end to end."""
    own = [plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" else []
    return own + [table for below in plan.get("Plans", ()) for table in scanned(below)]


def test_a_hostile_name_is_shown_as_it_is_and_does_nothing(ann: TestClient, world: World) -> None:
    markup = '<img src=x onerror="alert(1)">'
    request = world.request("hostile", f"A title {markup}", "reporting", description=markup)
    world.session.add(Account(id="ACC-<b>", name=markup, arr=1))
    world.session.flush()
    world.evidence(request, f"Words {markup}", account_id="ACC-<b>", links=["https://e.com/<b>"])
    world.question(request, f"Asked {markup}")
    world.session.commit()
    for page in (
        "inbox?whose=all",
        "requests",
        "requests/hostile",
        "accounts",
        "accounts/ACC-%3Cb%3E",
    ):
        shown = ann.get(f"{MOUNT}/{page}").text
        assert "<img" not in shown, page
    assert "&lt;img" in ann.get(f"{MOUNT}/requests/hostile").text


@pytest.mark.parametrize(
    ("page", "status", "said"),
    [
        ("requests/nowhere", 404, "There is no request with the address"),
        ("entries/999999", 404, "There is no entry 999999."),
        ("entries/99999999999999999999", 422, "entry_id"),
        ("areas/nowhere", 404, "There is no area with the address"),
        ("areas/reporting?day=yesterday", 422, "day"),
        ("accounts/nobody", 404, "There is no account with the id"),
        ("digests/2026-W99", 404, "There is no digest of the week"),
        ("requests?sort=beauty", 422, "sort"),
        ("requests?after=nonsense", 200, "Export tables as CSV"),
        ("requests?after=Infinity_3", 200, "Export tables as CSV"),
        ("requests?owner=99999999999999999999", 200, "Requests"),
        ("inbox?after=nonsense", 200, "Inbox"),
        ("runs?dag_id=some_other_dag&run_id=x", 200, "This run carries out no entry"),
        ("runs", 200, "This run carries out no entry"),
        ("nowhere", 404, "Not Found"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(
    ann: TestClient, page: str, status: int, said: str
) -> None:
    answer = ann.get(f"{MOUNT}/{page}")
    assert answer.status_code == status
    assert said in answer.text


def test_the_database_being_away_is_said_and_nothing_of_it_is_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", "postgresql://x:secret@127.0.0.1:9/gone")
    with client_of("ann@example.com", "user") as client:
        answer = client.get(f"{MOUNT}/inbox")
    assert answer.status_code == 503
    assert "is not available now" in answer.text
    assert "secret" not in answer.text


def test_a_run_leads_to_its_entry(ann: TestClient) -> None:
    answer = ann.get(f"{MOUNT}/runs?dag_id=process_customer_entry&run_id=test_1")
    assert answer.headers["location"].endswith("/entries/1")


def test_why_did_this_happen_shows_scores_against_thresholds(ann: TestClient) -> None:
    page = ann.get(f"{MOUNT}/entries/1").text
    assert "Thresholds version 1: attach from 90%, ask from 80%." in page
    assert "enough to attach" in page
    assert "Became evidence" in page
    assert "ACC-1" in page


def test_an_entry_shows_its_trace_while_airflow_traces(
    ann: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Trace" not in ann.get(f"{MOUNT}/entries/1").text
    Spans().use(monkeypatch)
    assert f"<code>{trace_id(1)}</code>" in ann.get(f"{MOUNT}/entries/1").text


def test_health_says_in_words_that_nobody_judges_in_shadow(ann: TestClient) -> None:
    page = ann.get(f"{MOUNT}/health").text
    assert "No other model or prompt judges in shadow." in page


def test_ten_thousand_pieces_of_evidence_are_shown_page_by_page(
    ann: TestClient, world: World
) -> None:
    world.session.execute(
        text(
            """
            WITH e AS (
                INSERT INTO entries (idempotency_key, source, customer_pain, severity, dag_id,
                                     run_id, account_known, opportunity_known)
                SELECT 'many:' || n, 'api', 'Words ' || n, 'low', 'd', 'r', false, false
                  FROM generate_series(1, 10000) n RETURNING id)
            INSERT INTO feedback (request_id, entry_id, quote_length, severity, match_type)
            SELECT 1, id, 5, 'low', 'same_issue' FROM e
            """
        )
    )
    world.session.commit()
    page = ann.get(f"{MOUNT}/requests/csv-export").text
    assert "10,002" in page
    assert page.count("<blockquote>") == 30
    assert "Older evidence" in page


def test_a_title_of_wide_characters_is_shown_whole(ann: TestClient, world: World) -> None:
    title = "導" * 120
    world.request("wide", title)
    world.session.commit()
    assert title in ann.get(f"{MOUNT}/requests/wide").text


def test_requests_are_sorted_and_their_pages_join(ann: TestClient, world: World) -> None:
    for number in range(120):
        world.request(f"many-{number:03}", f"One of many {number}")
    world.session.commit()
    for sort in ("arr", "accounts", "feedback", "dealbreakers", "newest", "trend", "opened"):
        seen: list[str] = []
        address = f"{MOUNT}/requests?sort={sort}"
        while address:
            page = ann.get(address).text
            seen += [part.split('"')[0] for part in page.split('<th scope="row"><a href="')[1:]]
            following = page.rpartition('<a href="')[2].split('"')[0].replace("&amp;", "&")
            address = following if "Next requests" in page else ""
        assert len(seen) == len(set(seen)) == 123, sort
        if sort == "arr":
            assert seen[0].endswith("/csv-export")


def test_a_search_finds_by_words_and_keeps_the_filters(ann: TestClient) -> None:
    found = ann.get(f"{MOUNT}/requests?q=single sign-on").text
    assert "Single sign-on with SAML" in found
    none = ann.get(f"{MOUNT}/requests?q=single sign-on&status=shipped").text
    assert "Single sign-on with SAML" not in none


def test_the_csv_is_the_list_and_no_formula(ann: TestClient, world: World) -> None:
    world.request("formula", "=HYPERLINK(1)")
    world.session.commit()
    rows = list(csv.DictReader(io.StringIO(ann.get(f"{MOUNT}/requests.csv").text[1:])))
    assert rows[0]["slug"] == "csv-export"
    assert {row["title"] for row in rows if row["slug"] == "formula"} == {"'=HYPERLINK(1)"}
    assert rows[0]["arr"] == "544000.00"


def test_the_csv_is_not_cut_where_a_page_of_the_list_is(
    ann: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.web.requests.routes.AT_ONCE", 1)
    slugs = [row.slug for row in world.session.execute(text("SELECT slug FROM requests"))]
    rows = list(csv.DictReader(io.StringIO(ann.get(f"{MOUNT}/requests.csv").text[1:])))
    assert sorted(row["slug"] for row in rows) == sorted(slugs)
    assert len(rows) > 2


@pytest.mark.parametrize(
    ("page", "patched", "said"),
    [
        ("accounts/ACC-1", "include.web.accounts.routes.SAID", "Only the newest 1 pieces"),
        ("requests/csv-export", "include.web.request.routes.MOST_ACCOUNTS", "Only the 1 with"),
        ("me", "include.web.me.routes.MOST", "Only the newest 1 are shown"),
    ],
)
def test_what_a_page_leaves_out_it_says(
    ann: TestClient, monkeypatch: pytest.MonkeyPatch, page: str, patched: str, said: str
) -> None:
    assert said not in ann.get(f"{MOUNT}/{page}").text
    monkeypatch.setattr(patched, 1)
    assert said in ann.get(f"{MOUNT}/{page}").text


def test_an_account_that_said_more_than_is_counted_is_told_so(
    ann: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Counted in" not in ann.get(f"{MOUNT}/accounts/ACC-1").text
    for module in ("queries", "routes"):
        monkeypatch.setattr(f"include.web.accounts.{module}.COUNTED", 1)
    assert "Counted in its newest 1 pieces" in ann.get(f"{MOUNT}/accounts/ACC-1").text


def test_the_health_page_lists_parked_runs_and_what_they_wait_for(
    ann: TestClient, world: World
) -> None:
    world.session.execute(
        text(
            "INSERT INTO parked_runs (dag_id, run_id, state, tasks)"
            " VALUES ('process_customer_entry', 'waits__1', 'parked', '[]')"
        )
    )
    world.session.execute(
        text(
            "INSERT INTO hooks (key, round, is_current, kind, dag_id, run_id, task_id, question,"
            " responders, handler, status, expires_at) VALUES ('k1', 1, true, 'approval',"
            " 'process_customer_entry', 'waits__1', 'wait', '{}', '[]', 'question', 'pending',"
            " now() + interval '1 day')"
        )
    )
    world.session.commit()
    page = ann.get(f"{MOUNT}/health").text
    assert "waits__1" in page
    assert "an answer" in page


def test_figures_follow_every_change(world: World) -> None:
    def figures(request_id: int) -> tuple[int, int, int, int]:
        with session_scope() as session:
            catch_up(session)
            row = session.get_one(RequestFigures, request_id)
            return row.feedback, row.accounts, int(row.arr), row.dealbreakers

    assert figures(1) == (2, 2, 544_000, 1)
    with session_scope() as session:
        merge(session, "single-sign-on", "csv-export", by="test")
    assert figures(1) == (3, 2, 544_000, 2)
    with session_scope() as session:
        unmerge(session, "single-sign-on", by="test")
        session.get_one(Account, "ACC-1").arr = 500_000
    assert figures(1) == (2, 2, 564_000, 1)
    with session_scope() as session:
        session.execute(text("UPDATE feedback SET removed_at = now() WHERE id = 1"))
    assert figures(1) == (1, 1, 64_000, 0)
    with session_scope() as session:
        session.execute(text("UPDATE feedback SET request_id = 2 WHERE id = 2"))
    assert (figures(1), figures(2)) == ((0, 0, 0, 0), (2, 2, 564_000, 1))


def test_prepared_questions_are_answered_on_a_page(ann: TestClient) -> None:
    page = ann.get(f"{MOUNT}/areas?ask=which areas have the most dealbreakers?").text
    assert "Query by_area" in page
    assert "found no prepared question" in ann.get(f"{MOUNT}/areas?ask=tell me a joke").text
