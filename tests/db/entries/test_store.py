"""Entries are stored once, keep what they were given, and belong to one run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from include.base.errors import FatalError
from include.entries import entry as entries
from include.people.person import Submitter
from include.people.users import ensure_user
from include.store.models import Account, Entry, User
from include.store.session import session_scope
from tests.db.entries.conftest import DAG, make_area, submit


def count(model: type[Entry] | type[User]) -> int:
    with session_scope() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_same_external_id_is_one_entry_owned_by_the_first_run() -> None:
    first = submit("It hurts", "r1", source="api", external_id="x1")
    assert submit("It hurts", "r2", external_id="x1") == first
    with session_scope() as session:
        assert entries.get_entry(session, first).run_id == "r1"
    assert submit("It hurts", "r3", source="ui", external_id="x1") != first


def test_without_an_external_id_the_run_is_the_key() -> None:
    assert submit("It hurts", "r1") == submit("It hurts", "r1")
    assert submit("It hurts", "r2") != submit("It hurts", "r1")


def test_twenty_repeats_at_once_store_one_entry() -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda n: submit("It hurts", f"r{n}", external_id="x1"), range(20)))
    assert len(ids) == 1
    assert (count(Entry), count(User)) == (1, 1)


def test_a_resubmission_takes_over_an_entry_whose_run_failed() -> None:
    entry_id = submit("It hurts", "r1", external_id="x1")
    with session_scope() as session:
        assert entries.mark_failed(session, DAG, "r1", "decide_entry: FatalError")
    assert submit("It hurts", "r2", external_id="x1") == entry_id
    with session_scope() as session:
        entry = entries.get_entry(session, entry_id)
        assert (entry.status, entry.run_id, entry.error) == ("received", "r2", None)


def test_unknown_accounts_and_areas_are_kept_as_given_and_marked() -> None:
    make_area("reporting")
    with session_scope() as session:
        session.add(Account(id="ACC-1", name="One"))
    known = submit("a b c", "r1", account_id="ACC-1", areas=["reporting"])
    unknown = submit("a b c", "r2", account_id="ACC-9", opportunity_id="O-9", areas=["nowhere"])
    with session_scope() as session:
        one, two = entries.get_entry(session, known), entries.get_entry(session, unknown)
    assert (one.account_known, one.areas, one.unknown_areas) == (True, ["reporting"], [])
    assert (two.account_id, two.account_known) == ("ACC-9", False)
    assert (two.opportunity_id, two.opportunity_known) == ("O-9", False)
    assert (two.areas, two.unknown_areas) == ([], ["nowhere"])


def test_people_without_an_address_are_not_each_other() -> None:
    with session_scope() as session:
        first = ensure_user(session, Submitter(slack_user_id="U0ONE"))
        second = ensure_user(session, Submitter(slack_user_id="U0TWO", name="Two"))
        named = ensure_user(session, Submitter(slack_user_id="U0ONE", name="One"))
        assert first == named != second
        assert session.get_one(User, first).name == "One"


def test_a_caller_binds_no_slack_id_to_an_address() -> None:
    with session_scope() as session:
        ann = ensure_user(session, Submitter(email="Ann@Example.com", name="Ann"))
        both = ensure_user(session, Submitter(email="ann@example.com", slack_user_id="U0EVIL"))
        new = ensure_user(session, Submitter(email="ben@example.com", slack_user_id="U0BEN"))
        again = ensure_user(session, Submitter(email="ben@example.com"))
    assert both == ann
    assert again not in (ann, new)
    with session_scope() as session:
        rows = session.execute(select(User.email, User.slack_user_id).order_by(User.id)).all()
    assert rows == [("ann@example.com", None), (None, "U0BEN"), ("ben@example.com", None)]


def test_a_person_whom_two_callers_name_at_once_is_one_user() -> None:
    def named() -> int | None:
        with session_scope() as session:
            return ensure_user(session, Submitter(slack_user_id="U0ONE", name="Ann"))

    with ThreadPoolExecutor(1) as pool:
        with session_scope() as session:
            first = ensure_user(session, Submitter(slack_user_id="U0ONE"))
            second = pool.submit(named)
            with pytest.raises(TimeoutError):
                second.result(0.3)
        assert second.result(10) == first


def test_an_email_and_a_slack_id_of_two_people_stay_two_people() -> None:
    with session_scope() as session:
        ann = ensure_user(session, Submitter(email="ann@example.com"))
        ben = ensure_user(session, Submitter(slack_user_id="U0TWO"))
        both = ensure_user(session, Submitter(slack_user_id="U0TWO", email="ann@example.com"))
    assert ann != ben
    assert both == ben


@pytest.mark.parametrize(
    "change",
    [
        "customer_pain = '  '",
        "customer_pain = repeat('x', 10001)",
        "severity = 'urgent'",
        "source = 'fax'",
        "status = 'done'",
        "outcome = 'attached'",
        "status = 'lost'",
        "embedding_model = 'm'",
    ],
)
def test_a_wrong_state_cannot_be_stored(change: str) -> None:
    submit("It hurts")
    with pytest.raises(FatalError, match="database refused it"), session_scope() as session:
        session.execute(text(f"UPDATE entries SET {change}"))
