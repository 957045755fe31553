"""Merging: a link that can be taken back exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.base.errors import FatalError
from include.requests import merging
from include.store.models import Account
from include.store.search import find_candidates
from include.store.session import session_scope
from tests.db.entries.conftest import MODEL
from tests.db.requests.conftest import (
    begin_run,
    follow,
    give_evidence,
    make_user,
    new,
    sleep_of,
)

if TYPE_CHECKING:
    from tests.db.entries.conftest import WordsEmbedder


def merge(request: str, into: str, **more: Any) -> dict[str, Any]:
    with session_scope() as session:
        return merging.merge(session, request, into, by="slack:U0ANN", **more)


def unmerge(request: str) -> dict[str, Any]:
    with session_scope() as session:
        return merging.unmerge(session, request, by="slack:U0ANN")


def everything() -> dict[str, list[Any]]:
    """All rows of a request's tables, apart from merges and events."""
    tables = ("requests", "feedback", "request_followers", "request_embeddings", "request_areas")
    with session_scope() as session:
        return {
            table: [
                tuple(row) for row in session.execute(text(f"SELECT * FROM {table} ORDER BY 1"))
            ]
            for table in tables
        }


@pytest.fixture
def pair(embedder: WordsEmbedder) -> tuple[str, str]:
    """Two requests, with an account on both and a follower of both."""
    one_id, one = new(embedder, "Export a table as CSV")
    two_id, two = new(embedder, "Download rows as spreadsheet")
    with session_scope() as session:
        session.add_all(
            [Account(id="A1", name="One", arr=100), Account(id="A2", name="Two", arr=50)]
        )
    for number, (request_id, account) in enumerate(
        [(one_id, "A1"), (two_id, "A1"), (two_id, "A2")]
    ):
        give_evidence(request_id, f"e{number}", account_id=account, submitter=None)
    follow(one_id, [make_user("ann")])
    follow(two_id, [make_user("bob")])
    return one, two


def test_the_survivor_counts_an_account_once(pair: tuple[str, str]) -> None:
    one, two = pair
    result = merge(two, one)
    assert result["totals"] == {"feedback": 3, "accounts": 2, "arr": 150.0, "followers": 2}
    assert merge(two, one)["already"] is True


def test_undone_everything_is_as_it_was(pair: tuple[str, str]) -> None:
    one, two = pair
    before = everything()
    merge(two, one)
    result = unmerge(two)
    assert everything() == before
    assert result["totals"] == {"feedback": 1, "accounts": 1, "arr": 100.0, "followers": 1}
    assert merge(two, one)["already"] is False


def test_a_dry_run_says_what_both_would_have_and_changes_nothing(pair: tuple[str, str]) -> None:
    one, two = pair
    assert merge(two, one, dry_run=True)["totals"]["feedback"] == 3
    with pytest.raises(FatalError, match="is not merged"):
        unmerge(two)


def test_what_matches_the_merged_one_is_taken_to_the_survivor(
    pair: tuple[str, str], embedder: WordsEmbedder
) -> None:
    one, two = pair
    merge(two, one)
    words = "Download rows as spreadsheet"
    with session_scope() as session:
        found = find_candidates(session, pain=words, vector=embedder.embed([words])[0], model=MODEL)
    assert [candidate.slug for candidate in found] == [one]
    assert found[0].cosine == pytest.approx(1.0, abs=1e-5)


def test_impossible_merges_are_refused_with_what_to_do(embedder: WordsEmbedder) -> None:
    a, b, c = (new(embedder, f"Request number {name}")[1] for name in ("one", "two", "three"))
    with pytest.raises(FatalError, match="itself"):
        merge(a, a)
    merge(a, b)
    with pytest.raises(FatalError, match="undo that first"):
        merge(a, c)
    with pytest.raises(FatalError, match="circle"):
        merge(b, a)
    with pytest.raises(FatalError, match=f"merge into '{b}' instead"):
        merge(c, a)
    merge(b, c)
    with pytest.raises(FatalError, match="circle"):
        merge(c, a)
    with pytest.raises(FatalError, match="no request"):
        merge("nowhere", c)


def test_a_chain_has_one_survivor_in_search_and_in_the_view(embedder: WordsEmbedder) -> None:
    ids = [new(embedder, f"Request number {name}") for name in ("one", "two", "three")]
    merge(ids[0][1], ids[1][1])
    merge(ids[1][1], ids[2][1])
    with session_scope() as session:
        roots = dict(session.execute(text("SELECT request_id, root_id FROM request_roots")).all())
        assert merging.family_of(session, ids[2][0]) == [one for one, _ in ids]
    assert set(roots.values()) == {ids[2][0]}
    unmerge(ids[1][1])
    with session_scope() as session:
        roots = dict(session.execute(text("SELECT request_id, root_id FROM request_roots")).all())
    assert roots == {ids[0][0]: ids[1][0], ids[1][0]: ids[1][0], ids[2][0]: ids[2][0]}


def test_merging_wakes_the_sleep_of_a_new_request(embedder: WordsEmbedder) -> None:
    _, one = new(embedder, "Export a table as CSV")
    _, two = new(embedder, "Download as spreadsheet")
    begin_run(two)
    merge(two, one)
    assert sleep_of().answer == {"reason": "merged"}
