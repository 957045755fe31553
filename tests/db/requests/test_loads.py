"""Loading accounts, areas and requests: what is new is added, what differs is changed, in place."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from include.base.errors import FatalError
from include.requests import indexing
from include.requests.loads import load as loading
from include.requests.loads.accounts import AccountRow, Accounts, Opportunities
from include.requests.loads.areas import Areas
from include.requests.loads.load import Target, load
from include.requests.loads.requests import Requests
from include.requests.loads.row import read_file, read_objects
from include.store.models import (
    Account,
    AccountRevision,
    AnalyticsEvent,
    Area,
    Opportunity,
    Request,
    RequestArea,
    RequestEmbedding,
    RequestStatusChange,
    User,
)
from include.store.session import session_scope
from tests.db.entries.conftest import make_area
from tests.db.requests.conftest import new

if TYPE_CHECKING:
    from tests.db.entries.conftest import WordsEmbedder


def put(target: Target[Any], *rows: Any, dry_run: bool = False) -> dict[str, Any]:
    """Load the rows of a call."""
    lines = read_objects(target.kind, rows)
    return load(session_scope, target, lines, name="rows", dry_run=dry_run).as_dict()


def counts(result: dict[str, Any]) -> tuple[int, int, int, int]:
    """Added, changed, unchanged, refused."""
    return result["added"], result["changed"], result["unchanged"], result["refused"]


def one_account() -> Account:
    with session_scope() as session:
        return session.scalars(select(Account)).one()


def one_request() -> Request:
    with session_scope() as session:
        return session.scalars(select(Request)).one()


def areas_of(request: Request) -> list[str]:
    with session_scope() as session:
        of = RequestArea.request_id == request.id
        return sorted(session.scalars(select(Area.slug).join(RequestArea).where(of)))


NORTHWIND = {"id": "ACC-1", "name": "Northwind", "arr": 480000, "region": "EMEA"}


def test_a_repeat_finds_everything_unchanged(feedback_db: object) -> None:
    assert counts(put(Accounts(), NORTHWIND)) == (1, 0, 0, 0)
    assert counts(put(Accounts(), NORTHWIND)) == (0, 0, 1, 0)
    assert one_account().arr == Decimal(480000)


def test_what_differs_is_changed_in_place_and_told_field_by_field(feedback_db: object) -> None:
    put(Accounts(), NORTHWIND)
    result = put(Accounts(), {**NORTHWIND, "arr": "500000.5", "is_enterprise": "yes"})
    assert result["lines"]["changed"] == [
        {
            "line": 1,
            "id": "ACC-1",
            "fields": {"arr": [480000.0, 500000.5], "is_enterprise": [False, True]},
        }
    ]
    assert one_account().is_enterprise is True
    with session_scope() as session:
        # Reports of past days count what was true then.
        assert session.scalars(select(AccountRevision.arr)).one() == Decimal(480000)


def test_a_field_that_is_not_given_stays_and_an_empty_one_is_cleared(feedback_db: object) -> None:
    put(Accounts(), NORTHWIND)
    put(Accounts(), {"id": "ACC-1", "region": ""})
    account = one_account()
    assert (account.name, account.arr, account.region) == ("Northwind", Decimal(480000), None)


def test_an_empty_cell_of_a_csv_clears_and_a_missing_column_does_not(feedback_db: object) -> None:
    put(Accounts(), NORTHWIND)
    file = io.BytesIO(b"Account ID;ARR\r\nACC-1;\r\n")
    lines = read_file(AccountRow, file, "csv", name="crm.csv")
    load(session_scope, Accounts(), lines, name="crm.csv", dry_run=False)
    account = one_account()
    assert (account.name, account.arr, account.region) == ("Northwind", None, "EMEA")


def test_a_dry_run_tells_the_same_and_changes_nothing(feedback_db: object) -> None:
    put(Accounts(), NORTHWIND)
    rows = [{**NORTHWIND, "arr": 1}, {"id": "ACC-2", "name": "Bluebird"}, {"id": ""}]
    tried = put(Accounts(), *rows, dry_run=True)
    assert counts(tried) == (1, 1, 0, 1)
    assert one_account().arr == Decimal(480000)
    assert tried | {"dry_run": False} == put(Accounts(), *rows)


@pytest.mark.parametrize(
    ("row", "field", "said"),
    [
        ({"id": "A"}, "name", "is missing: what is new needs it"),
        ({"name": "Nobody"}, "id", "is missing"),
        ({"id": " ", "name": "Blank"}, "id", "is missing"),
        ({"id": "A", "name": "A", "arr": "$480,000"}, "arr", "must be a number, got '$480,000'"),
        ({"id": "A", "name": "A", "arr": 1e15}, "arr", "must be at most"),
        ({"id": "A", "name": "A", "is_enterprise": "big"}, "is_enterprise", "true or false"),
        ({"id": "A", "name": "A", "mood": "sad"}, "'mood'", "is unknown; known: id, name, arr"),
        ({"id": "A", "ID": "B"}, "id", "is given twice"),
        ({"id": "ACC-1", "name": ""}, "name", "is blank; leave it out to keep it"),
        ("a text", "the line", "is a str and no object"),
        (NORTHWIND | {"id": "GOOD"}, "id", "is on an earlier line already"),
    ],
)
def test_a_bad_line_is_refused_by_number_and_field_and_the_others_are_loaded(
    feedback_db: object, row: Any, field: str, said: str
) -> None:
    put(Accounts(), NORTHWIND)
    result = put(Accounts(), {"id": "GOOD", "name": "Good"}, row)
    assert counts(result) == (1, 0, 0, 1)
    [refused] = result["lines"]["refused"]
    assert (refused["line"], refused["field"]) == (2, field)
    assert said in refused["problem"]


def test_a_file_without_a_good_line_is_refused(feedback_db: object) -> None:
    with pytest.raises(FatalError, match="no line of rows can be loaded; line 1: arr must be a"):
        put(Accounts(), {"id": "A", "name": "A", "arr": "much"})
    with pytest.raises(FatalError, match="rows is empty: there is nothing to load"):
        put(Accounts())


def test_a_deal_needs_its_account(feedback_db: object) -> None:
    deal = {"id": "OPP-1", "account_id": "ACC-1", "name": "Renewal"}
    tried = put(Opportunities(), deal, dry_run=True)
    assert "'ACC-1' is unknown; load its account first" in tried["lines"]["refused"][0]["problem"]
    put(Accounts(), NORTHWIND)
    assert counts(put(Opportunities(), deal)) == (1, 0, 0, 0)
    with session_scope() as session:
        assert session.scalars(select(Opportunity.account_id)).one() == "ACC-1"


def test_a_deal_of_an_account_of_the_same_dry_run_is_no_problem(feedback_db: object) -> None:
    deal = {"id": "OPP-1", "account_id": "ACC-1", "name": "Renewal"}
    assert counts(put(Opportunities(frozenset({"ACC-1"})), deal, dry_run=True)) == (1, 0, 0, 0)


def test_areas_are_known_by_their_slug(feedback_db: object) -> None:
    put(Areas(), {"slug": "billing", "name": "Billing", "slack_channel": "#billing"})
    result = put(Areas(), {"slug": "Billing", "description": "Invoices."}, {"slug": "two words"})
    assert counts(result) == (0, 1, 0, 1)
    assert "'two words' is no slug" in result["lines"]["refused"][0]["problem"]
    with session_scope() as session:
        area = session.scalars(select(Area)).one()
    assert (area.name, area.description, area.slack_channel) == ("Billing", "Invoices.", "#billing")


INVOICE = {"external_id": "R-1", "title": "Pay by invoice", "areas": "billing; checkout"}


@pytest.fixture
def areas(feedback_db: object) -> None:
    """Two areas."""
    make_area("billing")
    make_area("checkout")


def test_a_request_is_added_with_its_history_areas_and_owner(areas: None) -> None:
    opened, shipped = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 3, 1, 12, tzinfo=UTC)
    row = INVOICE | {
        "status": "shipped",
        "owner": "Ann@example.com",
        "created_at": "2026-01-05",
        "shipped_at": shipped.isoformat(),
    }
    assert counts(put(Requests(by="test"), row)) == (1, 0, 0, 0)
    request = one_request()
    assert (request.slug, request.status) == ("pay-by-invoice", "shipped")
    assert (request.created_at, request.shipped_at) == (opened, shipped)
    assert areas_of(request) == ["billing", "checkout"]
    with session_scope() as session:
        changes = session.scalars(select(RequestStatusChange).order_by(RequestStatusChange.id))
        assert [(one.status, one.changed_at) for one in changes] == [
            ("open", opened),
            ("shipped", shipped),
        ]
        assert session.get_one(User, request.owner_id).email == "ann@example.com"
    assert counts(put(Requests(by="test"), row)) == (0, 0, 1, 0)


def test_a_request_is_updated_in_place_and_its_words_are_not_in_the_result(areas: None) -> None:
    put(Requests(by="test"), INVOICE)
    before = one_request()
    row = {"external_id": "R-1", "title": "Pay by invoice or SEPA", "areas": ["billing"]}
    result = put(Requests(by="test"), row | {"status": "deprioritized"})
    [changed] = result["lines"]["changed"]
    assert changed["fields"] == {
        "areas": [["billing", "checkout"], ["billing"]],
        "status": ["open", "deprioritized"],
        "title": "changed",
    }
    after = one_request()
    assert (after.id, after.slug, after.title) == (before.id, before.slug, row["title"])
    assert areas_of(after) == ["billing"]
    with session_scope() as session:
        # A status changes by the one function that does it.
        assert session.scalars(select(AnalyticsEvent.name)).all() == ["request_deprioritized"]


def test_a_request_of_the_product_gets_its_external_id_by_its_slug(
    areas: None, embedder: WordsEmbedder
) -> None:
    request_id, slug = new(embedder, "Pay by invoice")
    result = put(Requests(by="test"), {"external_id": "R-1", "slug": slug})
    assert result["lines"]["changed"][0]["fields"] == {"external_id": [None, "R-1"]}
    assert one_request().id == request_id
    result = put(
        Requests(by="test"),
        {"external_id": "R-1", "slug": "other"},
        {"external_id": "R-2", "slug": slug, "title": "Another one"},
        {"external_id": "R-3", "areas": ["nowhere"], "title": "Lost in space"},
        dry_run=True,
    )
    assert [one["problem"] for one in result["lines"]["refused"]] == [
        f"slug is '{slug}' already, and a request keeps its slug",
        f"slug '{slug}' is the request with the id 'R-1'",
        "areas 'nowhere' is unknown; load the area first",
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"title": "SSO"}, "title has 3 characters; at least 5"),
        ({"status": "wished"}, "status 'wished' is unknown; use one of open"),
        ({"owner": "Ann"}, "owner 'Ann' is no e-mail address"),
        ({"created_at": "2999-01-01"}, "is in the future"),
        ({"created_at": "yesterday"}, "created_at"),
    ],
)
def test_what_a_request_may_not_hold_is_told(areas: None, values: Any, said: str) -> None:
    result = put(Requests(by="test"), INVOICE | values, dry_run=True)
    assert said in result["lines"]["refused"][0]["problem"]


def test_the_same_titles_get_slugs_of_their_own(areas: None) -> None:
    rows = [{"external_id": f"R-{number}", "title": "Pay by invoice"} for number in range(3)]
    assert counts(put(Requests(by="test"), *rows)) == (3, 0, 0, 0)
    with session_scope() as session:
        assert sorted(session.scalars(select(Request.slug))) == [
            "pay-by-invoice",
            "pay-by-invoice-2",
            "pay-by-invoice-3",
        ]


def test_many_lines_are_loaded_part_by_part(
    areas: None, embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "AT_ONCE", 7)
    monkeypatch.setattr(loading, "SHOWN", 5)
    target = Requests(by="test")
    rows = [{"external_id": f"R-{n}", "title": f"Request number {n}"} for n in range(30)]
    result = put(target, *rows)
    assert (counts(result), len(result["lines"]["added"])) == ((30, 0, 0, 0), 5)
    first, last = target.touched
    batch = {"key": embedder.model, "first": first, "last": last}
    assert indexing.embed_batch(session_scope, batch, embedder) == 30
    with session_scope() as session:
        assert session.scalar(select(func.count(RequestEmbedding.request_id))) == 30
