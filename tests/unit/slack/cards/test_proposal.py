"""The card of a proposal says what changes, what is expected, and what to be careful about."""

from __future__ import annotations

from typing import Any

from include.slack.cards.markup import markup
from include.slack.cards.proposal import UNDO_PROPOSAL, Proposed, proposal_card, proposal_closed

MONTH = {
    "decisions": 300,
    "replayed": 200,
    "differ": 30,
    "then": {"attached": 50, "questions": 80, "wrong_attachments": 3, "duplicates": 9},
    "now": {"attached": 90, "questions": 60, "wrong_attachments": 2, "duplicates": 4},
}


def proposed(**more: Any) -> Proposed:
    facts = {
        "attaches": True,
        "attached": 0.45,
        "why_not": "",
        "most_by_one": 0.4,
        "last_month": MONTH,
    }
    values = {"attach": 0.87, "ask": 0.78, "precision": 0.96, "area": "", "labels": 120}
    before = {"attach": 0.9, "ask": 0.8}
    fields: dict[str, Any] = {**values, "before": before, "facts": facts | more.pop("facts", {})}
    return Proposed(**{**fields, **more})


def test_it_says_what_changes_and_what_the_last_month_would_have_been() -> None:
    words = str(proposal_card(proposed(), "t").blocks)
    assert "Attach from 0.87 (now 0.90), ask from 0.78 (now 0.80)" in words
    assert "96 of 100 automatic attachments are right; 45 of 100 entries are attached" in words
    assert "questions 80 → 60" in words
    assert "One person" not in words


def test_an_area_out_of_reach_says_that_it_asks_and_why() -> None:
    facts = {"attaches": False, "why_not": "only 12 of the newest 20 answers were right"}
    words = str(proposal_card(proposed(area="Billing", attach=1.0, facts=facts), "t").blocks)
    assert "area Billing" in words
    assert "Nothing would be attached by itself, for only 12 of the newest 20" in words


def test_answers_of_mostly_one_person_are_pointed_out() -> None:
    words = str(proposal_card(proposed(facts={"most_by_one": 0.95}), "t").blocks)
    assert "One person gave 95 % of the answers" in words


def test_only_an_accepted_one_can_be_taken_back() -> None:
    assert UNDO_PROPOSAL in str(
        proposal_closed(proposed(), markup("Accepted by @ann."), "t").blocks
    )
    assert UNDO_PROPOSAL not in str(proposal_closed(proposed(), markup("Taken back."), None).blocks)
