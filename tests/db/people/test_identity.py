from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from include.base.errors import TransientError
from include.people import identity
from include.people.identity import match_email, resolve
from include.slack.profile import SlackProfile
from include.store.models import (
    Entry,
    PersonKind,
    Request,
    RequestFollower,
    SlackPerson,
    User,
    UserAlias,
)
from include.store.session import session_scope


class Slack:
    """Answers for a person, and counts how often it was asked."""

    def __init__(self, kind: PersonKind = PersonKind.PERSON, email: str | None = "Ann@Example.com"):
        self.profile = SlackProfile(kind, email, "Ann Ames")
        self.asked = 0
        self.down = False

    def __call__(self, user: str) -> SlackProfile:
        self.asked += 1
        if self.down:
            raise TransientError("away")
        return self.profile


def add(email: str | None, slack_user_id: str | None = None, *aliases: str) -> int:
    with session_scope() as session:
        user = User(email=email, slack_user_id=slack_user_id, name="")
        session.add(user)
        session.flush()
        session.add_all(UserAlias(email=alias, user_id=user.id) for alias in aliases)
        return user.id


def count() -> int:
    with session_scope() as session:
        return session.scalar(select(func.count(User.id))) or 0


@pytest.mark.parametrize(
    "known", ["ann@example.com", "ANN@example.com", "ann+crm@example.com", "a.ames@old.example"]
)
def test_finds_the_user_exactly_without_a_tag_or_by_alias(known: str) -> None:
    user = add(known, None, *(["ann@example.com"] if "old" in known else []))
    found = resolve(session_scope, "U0ANN", Slack())
    assert (found.user_id, found.kind, found.note) == (user, PersonKind.PERSON, None)
    assert count() == 1
    with session_scope() as session:
        assert session.get_one(User, user).slack_user_id == "U0ANN"


def test_an_uncertain_match_is_no_match() -> None:
    add("ann+a@example.com")
    add("ann+b@example.com")
    with session_scope() as session:
        assert match_email(session, "ann@example.com") is None
    found = resolve(session_scope, "U0ANN", Slack())
    assert count() == 3
    with session_scope() as session:
        assert session.get_one(User, found.user_id).email == "ann@example.com"


def test_an_address_of_somebody_with_another_slack_account_is_no_match() -> None:
    other = add("ann@example.com", "U0OTHER")
    with session_scope() as session:
        session.add(SlackPerson(slack_user_id="U0OTHER", kind="person", email="Ann@example.com"))
    found = resolve(session_scope, "U0ANN", Slack())
    assert found.user_id != other
    with session_scope() as session:
        assert session.get_one(User, found.user_id).slack_user_id == "U0ANN"


def test_a_slack_account_that_somebody_claimed_for_an_address_loses_it() -> None:
    victim = add("ann@example.com", "U0EVIL")
    found = resolve(session_scope, "U0ANN", Slack())
    assert found.user_id == victim
    with session_scope() as session:
        assert session.get_one(User, victim).slack_user_id == "U0ANN"


def test_two_first_presses_at_once_make_one_user() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: resolve(session_scope, "U0ANN", Slack()), range(8)))
    assert len(found) == 1
    assert count() == 1


def test_two_users_who_are_one_by_slacks_word_become_one() -> None:
    by_mail, by_slack = add("ann@example.com"), add(None, "U0ANN")
    with session_scope() as session:
        requests = [Request(slug=f"r{n}", title="A request", created_by=by_slack) for n in range(2)]
        entry = Entry(
            idempotency_key="k",
            source="api",
            customer_pain="Exports time out",
            severity="low",
            submitter_id=by_slack,
            dag_id="d",
            run_id="r",
        )
        session.add_all([*requests, entry])
        session.flush()
        for user, request in ((by_slack, 0), (by_slack, 1), (by_mail, 1)):
            session.add(RequestFollower(user_id=user, request_id=requests[request].id))
    assert resolve(session_scope, "U0ANN", Slack()).user_id == by_mail
    with session_scope() as session:
        assert session.scalars(select(Entry.submitter_id)).all() == [by_mail]
        assert set(session.scalars(select(Request.created_by))) == {by_mail}
        followers = session.scalars(select(RequestFollower.user_id)).all()
        assert followers == [by_mail, by_mail]
        user = session.scalars(select(User)).one()
        assert (user.id, user.slack_user_id) == (by_mail, "U0ANN")


def test_a_name_alone_is_no_match() -> None:
    add("ann@example.org")
    add("annie@example.com")
    resolve(session_scope, "U0ANN", Slack())
    assert count() == 3


def test_asks_slack_once_until_the_answer_is_too_old() -> None:
    slack = Slack()
    first = resolve(session_scope, "U0ANN", slack)
    assert resolve(session_scope, "U0ANN", slack) == first
    assert slack.asked == 1
    with session_scope() as session:
        session.execute(
            update(SlackPerson).values(checked_at=func.now() - func.make_interval(0, 0, 0, 2))
        )
    assert resolve(session_scope, "U0ANN", slack) == first
    assert slack.asked == 2
    assert count() == 1


def test_an_old_answer_counts_while_slack_is_away() -> None:
    slack = Slack()
    first = resolve(session_scope, "U0ANN", slack)
    with session_scope() as session:
        session.execute(
            update(SlackPerson).values(checked_at=func.now() - func.make_interval(0, 0, 0, 9))
        )
    slack.down = True
    assert resolve(session_scope, "U0ANN", slack) == first
    with pytest.raises(TransientError):
        resolve(session_scope, "U0BEN", slack)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (PersonKind.GUEST, "you are a guest"),
        (PersonKind.NO_EMAIL, "does not show me your e-mail"),
        (PersonKind.BOT, None),
        (PersonKind.GONE, None),
    ],
)
def test_guests_and_people_without_an_address_are_told_and_are_no_user(
    kind: PersonKind, words: str | None
) -> None:
    found = resolve(session_scope, "U0ANN", Slack(kind, None))
    assert found.user_id is None
    assert count() == 0
    assert (found.note is None) if words is None else (words in (found.note or ""))
    if words:
        assert "#feedback-review" in (found.note or "")


@pytest.mark.parametrize(("colleagues", "learned"), [(2, 1), (3, 0)])
def test_an_alias_is_learned_only_when_everybody_was_compared(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch, colleagues: int, learned: int
) -> None:
    monkeypatch.setattr(identity, "MOST_COMPARED", 2)
    names = ["Annette Lee", "Zoe Quill", "Bob Stone"][:colleagues]
    with session_scope() as session:
        session.add_all(
            User(name=name, email=f"{name[0].lower()}{name.split()[1].lower()}@acme.example")
            for name in names
        )
    slack = Slack(email="ann.lee@acme.example")
    slack.profile = SlackProfile(PersonKind.PERSON, "ann.lee@acme.example", "Ann Lee")
    resolve(session_scope, "U0ANN", slack, lambda *_: True)
    with session_scope() as session:
        assert session.scalar(select(func.count(UserAlias.email))) == learned
