"""The letters of titles on a real PostgreSQL: what is kept, and how it is looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, text

from benchmarks.bench_search import MODEL, make_world
from benchmarks.corpus import fill
from include.matching.alike import spellings
from include.store import letters
from include.store.letters import find_by_letters
from tests.db.store.test_search import add

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def titles(session: Session, *words: str) -> list[str]:
    return [one.title for one in find_by_letters(session, words).candidates]


def test_letters_follow_the_title(session: Session) -> None:
    request_id = add(session, "Add single sign-on")
    query = text("SELECT letters FROM requests WHERE id = :id")
    kept = session.execute(query, {"id": request_id}).scalar_one()
    assert {"  s", "sig", "gn ", "=sso", "=asso", "=ss"} <= set(kept)
    session.execute(text("UPDATE requests SET title = 'Dark mode'"))
    assert "=dm" in session.execute(query, {"id": request_id}).scalar_one()


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("Add single sign-on for Okta", "sso"),
        ("Role-based access control", "rbac"),
        ("Internationalization of mails", "i18n"),
        ("Export tables as CSV", "exprot"),
        ("Export tables as CSV", "expo"),
        ("The customerId is lost", "id"),
        ("レポートのエクスポート", "レポート"),
    ],
)
def test_a_title_is_found_by_its_letters(session: Session, title: str, word: str) -> None:
    add(session, title)
    add(session, "Zebra pens of all kinds")
    assert title in titles(session, word)
    assert "Zebra pens of all kinds" not in titles(session, word)


def test_words_that_some_request_has_are_not_misspelt(session: Session) -> None:
    add(session, "Exprot tables")
    export = add(session, "Export tables as CSV")
    found = find_by_letters(session, ["exprot", "tabels"])
    assert found.unknown == {"tabels"}
    assert export in [one.request_id for one in found.candidates]


def test_filters_hold_for_letters_too(session: Session) -> None:
    add(session, "Single sign-on", status="shipped")
    assert find_by_letters(session, ["sso"], statuses=["open"]).candidates == []
    assert find_by_letters(session, ["sso"], area_ids=[1]).candidates == []
    assert len(find_by_letters(session, ["sso"], statuses=["shipped"]).candidates) == 1


def test_the_first_words_of_a_query_are_looked_up(session: Session) -> None:
    add(session, "Export tables as CSV")
    many = [f"word{number}" for number in range(letters.MOST_SPELLINGS)]
    assert titles(session, *many, "exprot") == []
    assert titles(session, *many[1:], "exprot") == ["Export tables as CSV"]


@pytest.mark.parametrize("word", ["'", "\\", "z\\'q", "%", "=sso", "é", "x" * 5_000])
def test_any_word_is_looked_up_without_harm(session: Session, word: str) -> None:
    add(session, "Export tables as CSV")
    assert titles(session, word) == []


def test_its_index_serves_the_statement_and_no_table_is_read_whole(session: Session) -> None:
    world = make_world(2_000)
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    fill(engine, world.requests, world.vectors, MODEL)
    session.execute(letters._SETTINGS)
    statement = letters._STATEMENT.replace("{filters}", "true")
    values = {"words": ["exprot", "sso"], "found": 40, "max_postings": 3_000}
    plan = str(session.execute(text("EXPLAIN " + statement), values).all())
    assert "ix_requests_letters" in plan
    assert "Seq Scan on requests" not in plan


def test_every_word_is_looked_up_though_each_is_written_in_two_ways(session: Session) -> None:
    add(session, "Two-factor authentication")
    asked = [*(f"2x{letter}" for letter in "abcdefg"), "2fa"]
    assert len(asked) == letters.MOST_WORDS
    assert titles(session, *spellings(asked)) == ["Two-factor authentication"]
