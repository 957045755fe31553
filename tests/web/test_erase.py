"""Erasing from a page, taking back, and deciding proposed thresholds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from include.store.models import AuditRow, Entry, Feedback, ThresholdProposal, ThresholdSet
from include.store.session import session_scope
from tests.web.hosting import MOUNT, client_of
from tests.web.test_acts import nothing_goes_out, one, post  # noqa: F401 - the fixture is used by name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from tests.web.world import World

WORDS = "We retype every number by hand."
FACTS = {
    "attaches": True,
    "attached": 0.4,
    "most_by_one": 0.2,
    "last_month": {
        "replayed": 10,
        "then": {"attached": 1, "questions": 5, "wrong_attachments": 0, "duplicates": 1},
        "now": {"attached": 3, "questions": 4, "wrong_attachments": 0, "duplicates": 1},
    },
}


@pytest.fixture
def olga(world: World) -> Iterator[TestClient]:
    """An operator."""
    with client_of("olga", "op") as client:
        yield client


def said(words: str = WORDS) -> Entry:
    found: Entry = one(select(Entry).where(Entry.customer_pain == words))
    return found


@pytest.mark.parametrize(
    ("what", "who"), [("entry", "1"), ("account", "ACC-1"), ("person", "ann@example.com")]
)
def test_what_would_be_erased_is_counted_and_then_erased(
    olga: TestClient, what: str, who: str
) -> None:
    shown = olga.get(f"{MOUNT}/erase", params={"what": what, "who": who}).text
    assert "Rows that would change" in shown
    assert said().customer_pain == WORDS, "counting changes nothing"
    assert WORDS not in shown

    status, note = post(olga, "erase", what=what, who=who)

    assert status == 303
    assert re.match(r"Erased: [1-9]\d* rows changed", note), note
    with session_scope() as session:
        left = session.scalar(select(func.count(Entry.id)).where(Entry.customer_pain == WORDS))
        audited = session.scalars(select(AuditRow).where(AuditRow.action == "erase")).one()
    assert left == 0
    assert WORDS not in str(vars(audited))


@pytest.mark.parametrize(
    ("what", "who", "words"),
    [
        ("entry", "77", "there is no entry"),
        ("entry", "1; DROP", "there is no entry"),
        ("entry", "²", "there is no entry"),
        ("entry", "9" * 30, "there is no entry"),
        ("account", "NOPE", "there is no account"),
        ("person", "nobody@example.com", "nobody is known as"),
        ("everything", "1", "cannot be erased; one of entry, person, account can"),
    ],
)
def test_what_is_not_there_is_said_and_nothing_erased(
    olga: TestClient, what: str, who: str, words: str
) -> None:
    shown = olga.get(f"{MOUNT}/erase", params={"what": what, "who": who})
    assert shown.status_code == 200
    assert words in shown.text
    status, note = post(olga, "erase", what=what, who=who)
    assert (status, words in note) == (303, True), note
    assert said().customer_pain == WORDS


def test_whoever_may_not_erase_is_told_and_sees_no_counts(ann: TestClient) -> None:
    shown = ann.get(f"{MOUNT}/erase", params={"what": "entry", "who": "1"}).text
    assert "An operator (Op, Admin) can erase." in shown
    assert "Rows that would change" not in shown
    assert "Erase…" not in ann.get(f"{MOUNT}/entries/1").text


def test_an_entry_is_taken_back_and_restored_from_its_page(ann: TestClient) -> None:
    assert "Not feedback" in ann.get(f"{MOUNT}/entries/1").text

    assert post(ann, "entries/1/withdraw") == (303, "Taken back. It can be restored.")

    with session_scope() as session:
        live = select(func.count(Feedback.id)).where(
            Feedback.entry_id == 1, Feedback.removed_at.is_(None)
        )
        assert session.scalar(live) == 0
    assert "Not feedback</button>" not in ann.get(f"{MOUNT}/entries/1").text
    assert post(ann, "entries/1/withdraw")[1].startswith("This was taken back already by")
    assert post(ann, "entries/1/restore")[0] == 303
    with session_scope() as session:
        assert session.scalar(live) == 1


def test_another_persons_entry_is_not_taken_back(ann: TestClient) -> None:
    bens = said("A download would save an hour a day.")
    assert "Only the person who gave" in post(ann, f"entries/{bens.id}/withdraw")[1]
    assert said("A download would save an hour a day.").outcome == "attached"


@pytest.mark.parametrize(
    ("status", "outcome", "words"),
    [("received", None, "still working"), ("done", "split", "taken apart")],
)
def test_what_is_not_placed_is_not_taken_back(
    world: World, ann: TestClient, status: str, outcome: str | None, words: str
) -> None:
    entry = world.entry("The printer jams.", status=status, outcome=outcome)
    world.session.commit()
    assert "Not feedback</button>" not in ann.get(f"{MOUNT}/entries/{entry.id}").text
    assert words in post(ann, f"entries/{entry.id}/withdraw")[1]
    assert one(select(Entry.outcome).where(Entry.id == entry.id)) == outcome


def test_proposed_thresholds_are_accepted_once_and_taken_back_on_a_page(
    world: World, olga: TestClient
) -> None:
    with session_scope() as session:
        session.add(
            ThresholdProposal(
                key="k",
                as_of=func.now(),
                attach=0.86,
                ask=0.74,
                labels=40,
                precision=0.96,
                facts=FACTS,
            )
        )
    shown = olga.get(f"{MOUNT}/settings").text
    assert "Attach from 0.86 (now 0.90), ask from 0.74 (now 0.80)." in shown
    [token] = set(re.findall(r'name="token" value="([^"]+)"', shown))

    assert post(olga, "settings/proposals", token=token, choice="accept")[1].startswith("Accepted")
    assert (
        "Nothing was changed" in post(olga, "settings/proposals", token=token, choice="accept")[1]
    )
    newest = select(ThresholdSet).order_by(ThresholdSet.version.desc()).limit(1)
    assert (one(newest).attach, one(newest).ask) == (0.86, 0.74)

    assert post(olga, "settings/proposals", token=token, choice="undo")[1].startswith("Taken back")
    assert (one(newest).attach, one(newest).ask) == (0.90, 0.80)
    assert olga.post(f"{MOUNT}/settings/proposals", data={"choice": "x"}).status_code == 422


def test_whoever_is_no_approver_cannot_decide_proposals(world: World, ann: TestClient) -> None:
    with session_scope() as session:
        session.add(
            ThresholdProposal(
                key="k", as_of=func.now(), attach=0.86, ask=0.74, labels=40, facts=FACTS
            )
        )
    assert 'name="choice"' not in ann.get(f"{MOUNT}/settings").text
    with client_of("olga", "op") as olga:
        [token] = set(
            re.findall(r'name="token" value="([^"]+)"', olga.get(f"{MOUNT}/settings").text)
        )
    assert "Only an approver" in post(ann, "settings/proposals", token=token, choice="accept")[1]
    assert one(select(ThresholdProposal.state)) == "open"
