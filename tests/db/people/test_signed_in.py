"""Who is behind a call: Slack's and Airflow's word counts, a claim does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from include.base.errors import TransientError
from include.people import signed_in
from include.people.actor import Action, Actor, NotAllowed, Standing, demand, may
from include.people.identity import Identity
from include.people.signed_in import address_of, airflow_actor, run_actor, slack_actor
from include.store.models import Entry, PersonKind, RunStart, SlackEvent, SlackPerson, User
from include.store.session import session_scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def add(session: Session, *rows: Any) -> None:
    session.add_all(rows)
    session.flush()


def ann(session: Session, kind: PersonKind = PersonKind.PERSON) -> int:
    user = User(email="ann@example.com", slack_user_id="U0ANN", name="Ann")
    person = SlackPerson(slack_user_id="U0ANN", kind=kind, email="Ann@Example.com", name="Ann")
    add(session, user, person)
    return user.id


def test_a_slack_user_is_what_slack_said() -> None:
    with session_scope() as session:
        user_id = ann(session)
        add(session, SlackPerson(slack_user_id="U0GUEST", kind=PersonKind.GUEST))
    found = slack_actor("U0ANN")
    assert (found.standing, found.user_id, found.label) == (
        Standing.MEMBER,
        user_id,
        "slack:U0ANN",
    )
    assert slack_actor("U0GUEST").standing is Standing.GUEST


def test_somebody_new_is_asked_for_and_nobody_acts_while_slack_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def identify(user: str, *, within: int) -> Identity:
        asked.append((user, within))
        if user == "U0LOST":
            raise TransientError("away")
        with session_scope() as session:
            add(session, SlackPerson(slack_user_id=user, kind=PersonKind.GUEST))
        return Identity(PersonKind.GUEST, None)

    monkeypatch.setattr(signed_in, "identify", identify)
    assert slack_actor("U0NEW", within=2).standing is Standing.GUEST
    assert slack_actor("U0NEW", within=2).standing is Standing.GUEST
    assert asked == [("U0NEW", 2)]
    with pytest.raises(TransientError):
        slack_actor("U0LOST")


def test_an_airflow_user_is_their_slack_account_by_the_address_that_slack_gives(
    session: Session,
) -> None:
    user_id = ann(session)
    found = airflow_actor(
        session, airflow_user="7", standing=Standing.MEMBER, email="ANN@example.com"
    )
    assert (found.label, found.user_id, found.name) == ("slack:U0ANN", user_id, "Ann")
    assert "airflow:7" in found.labels


def test_an_address_that_slack_never_gave_binds_no_slack_account(session: Session) -> None:
    add(session, User(email="ann@example.com", slack_user_id="U0EVIL"))
    found = airflow_actor(
        session, airflow_user="ann", standing=Standing.MEMBER, email="ann@example.com"
    )
    assert (found.slack_user_id, found.label) == (None, "user:ann@example.com")


@pytest.mark.parametrize(
    ("user", "address"),
    [
        (SimpleNamespace(email="a@example.com", get_name=lambda: "ann"), "a@example.com"),
        (SimpleNamespace(get_name=lambda: "ann@example.com"), "ann@example.com"),
        (SimpleNamespace(get_name=lambda: "ann"), None),
        (SimpleNamespace(email=None, get_name=lambda: "ann"), None),
    ],
)
def test_the_address_of_an_airflow_user(user: object, address: str | None) -> None:
    assert address_of(user) == address


RUN = {"dag_id": "mark_shipped", "run_id": "r1"}


def test_a_run_started_in_airflow_acts_for_its_starter_and_keeps_the_claim(
    session: Session,
) -> None:
    ann(session)
    found = run_actor(session, {"slack_user_id": "U0ANN"}, **RUN, started_by="eve")
    assert (found.label, found.standing) == ("airflow:eve", Standing.MEMBER)
    assert found.claimed is not None
    assert found.claimed.slack_user_id == "U0ANN"
    assert "slack:U0ANN" not in found.labels


def test_a_run_after_a_slack_command_acts_for_who_typed_it(session: Session) -> None:
    ann(session)
    add(
        session,
        SlackEvent(
            key="k",
            kind="command:/shipped",
            user_id="U0ANN",
            payload={},
            dag_id="mark_shipped",
            run_id="r1",
            run_conf={"request": "x"},
        ),
    )
    found = run_actor(session, {"slack_user_id": "U0BEN"}, **RUN, started_by="relay")
    assert (found.label, found.claimed) == ("slack:U0ANN", None)


def test_a_run_that_the_product_queued_acts_for_whom_it_wrote_down(session: Session) -> None:
    ann(session)
    add(session, RunStart(**RUN, conf={"actor": {"slack_user_id": "U0ANN"}}))
    found = run_actor(session, None, **RUN, started_by="relay")
    assert (found.label, found.standing) == ("slack:U0ANN", Standing.MEMBER)


def test_a_scheduled_run_is_a_program(session: Session) -> None:
    found = run_actor(session, None, **RUN, started_by=None)
    assert (found.label, found.standing) == ("run:mark_shipped/r1", Standing.PROGRAM)
    with pytest.raises(NotAllowed, match="operator"):
        demand(session, found, Action.ERASE)


def test_an_entry_is_corrected_by_its_submitter_or_by_anybody_when_nobody_can_be_named(
    session: Session,
) -> None:
    user_id = ann(session)
    entry = Entry(submitter_id=user_id)
    assert may(session, Actor(Standing.MEMBER, "U0ANN"), Action.CORRECT, entry)
    assert may(session, Actor(Standing.MEMBER, email="ann@example.com"), Action.CORRECT, entry)
    assert not may(session, Actor(Standing.MEMBER, "U0BEN"), Action.CORRECT, entry)
    assert may(session, Actor(Standing.MEMBER, "U0BEN"), Action.CORRECT, Entry())
    assert not may(session, Actor(Standing.GUEST, "U0BEN"), Action.CORRECT, Entry())
