"""Shared words that mean the reverse are asked about, whatever the vectors say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.contradictions import labelled_pairs
from include.matching.contradiction import ASKED_AT_MOST, READ_AT_MOST, contradiction
from include.matching.judge import CalibratedJudge
from include.matching.types import Candidate

NEAR = Candidate(1, "csv", "Export a table as CSV", "", cosine=0.95, background_mean=0.1)
CSV = (
    "We do NOT need CSV export, we already have that. What we need is that the export keeps the "
    "column order"
)


def test_of_the_labelled_pairs_most_are_read_right() -> None:
    pairs = labelled_pairs()
    assert len(pairs) >= 200
    found = {text for label, title, text in pairs if contradiction(text, title)}
    against = {text for label, _, text in pairs if label}
    assert len(found & against) / len(against) >= 0.9
    assert len(found - against) / (len(pairs) - len(against)) <= 0.02


def test_a_negation_beside_the_shared_words_is_at_most_a_question() -> None:
    [sure] = CalibratedJudge("all-MiniLM-L6-v2").judge("Export the table as CSV please", [NEAR])
    [asked] = CalibratedJudge("all-MiniLM-L6-v2").judge(CSV, [NEAR])
    assert sure.confidence >= 0.9
    assert asked.confidence == ASKED_AT_MOST
    assert "not wanted" in asked.reason


def test_an_opposite_is_at_most_a_question_and_says_so() -> None:
    candidate = replace(NEAR, title="Undo for deleted records")
    pain = "Their officer could not purge the records; the recycle bin keeps them for 30 days."
    [verdict] = CalibratedJudge("all-MiniLM-L6-v2").judge(pain, [candidate])
    assert verdict.confidence == ASKED_AT_MOST
    assert "opposite" in verdict.reason


def test_what_the_request_itself_says_is_no_contradiction() -> None:
    title = "Do not need a password to open a shared link"
    [verdict] = CalibratedJudge("all-MiniLM-L6-v2").judge(title, [replace(NEAR, title=title)])
    assert verdict.confidence >= 0.9


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    title = "Export a table as CSV"
    said = "We do not need CSV export."
    assert contradiction(said + " And so on." * 10_000, title)
    assert contradiction("x " * READ_AT_MOST + said, title) is None


@pytest.mark.parametrize(
    ("title", "pain"),
    [
        ("Alert when stock runs low", "Low stock alerts come far too often, so nobody reads them."),
        ("Alert when stock runs low", "We are flooded with alerts about low stock every hour."),
        ("Charge a fee for no-shows", "We have to remove a no-show fee we charged a sick guest."),
        ("Correct spelling in search", "Readers cannot stop the search from correcting spelling."),
        (
            "Undo for deleted records",
            "Records must be deleted for good, but they come back.",
        ),
    ],
)
def test_what_is_there_and_shall_stop_or_be_less_is_asked(title: str, pain: str) -> None:
    assert contradiction(pain, title) is not None


@pytest.mark.parametrize(
    ("title", "pain"),
    [
        ("Turn off alerts by topic", "We cannot turn off the alerts about low stock."),
        ("Fewer alerts about low stock", "Low stock alerts come far too often."),
        ("Alert when stock runs low", "We run out of stock too often because nobody is alerted."),
        ("Bulk delete of records", "We have to remove four thousand old records one by one."),
        ("Export a table as CSV", "It takes too much time to export a table as CSV by hand."),
    ],
)
def test_a_request_that_itself_asks_for_less_is_not_contradicted(title: str, pain: str) -> None:
    assert contradiction(pain, title) is None
