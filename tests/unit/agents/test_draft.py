from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.agents.draft import AreaOption, draft_request
from include.matching.types import Candidate

BILLING = AreaOption(1, "billing", "Billing", "Invoices and payments")
EXPORTS = AreaOption(2, "exports", "Exports", "CSV and spreadsheet export")
GENERAL = AreaOption(3, "general", "General")
AREAS = [BILLING, EXPORTS, GENERAL]


def neighbour(cosine: float | None, *area_ids: int) -> Candidate:
    return Candidate(1, "r", "A request", "", area_ids=area_ids, cosine=cosine)


@pytest.mark.parametrize(
    ("pain", "title"),
    [
        (
            "Hi team, thanks for the great product! We can't export the table to Excel.",
            "We can't export the table to Excel",
        ),
        ("Hello Anna,\nlogin fails for SSO users!!!", "Login fails for SSO users"),
        (
            "Great app but the search takes minutes in the archive",
            "The search takes minutes in the archive",
        ),
        (
            "I love it. But search is slow, e.g. in the archive. Fix it!",
            "Search is slow, e.g. in the archive",
        ),
        ("Could you please add webhooks?", "Add webhooks"),
        ("PLEASE ADD DARK MODE TO THE DASHBOARD!!!", "Add dark mode to the dashboard"),
        ("iPhone app crashes when opening a PDF", "iPhone app crashes when opening a PDF"),
        (
            "<p>Hello <b>team</b></p><p>The export fails &amp; hangs.</p>",
            "The export fails & hangs",
        ),
        ("<script>alert(1)</script>Login is broken", "Login is broken"),
        ("<@U123> see <https://x.y|the docs>: *login* fails :sob:", "See the docs: login fails"),
        ("```\ntrace = 1\n```\nThe import stops with an error", "The import stops with an error"),
        ("Die Tabelle lässt sich nicht exportieren.", "Die Tabelle lässt sich nicht exportieren"),
        ("エクスポートができません。助けてください。", "エクスポートができません"),
    ],
)
def test_the_title_names_the_problem(pain: str, title: str) -> None:
    assert draft_request(pain, AREAS).title == title


@pytest.mark.parametrize("pain", ["", "  \n", "😀😀", ":tada:", "1 2 3", "I", "```\ncode\n```"])
def test_a_pain_that_says_nothing_still_becomes_a_request(pain: str) -> None:
    draft = draft_request(pain, AREAS)
    assert draft.title == "Customer feedback"
    assert draft.area_ids == ()


@pytest.mark.parametrize(
    ("pain", "title"),
    [
        ("batch_size is ignored by the importer", "batch_size is ignored by the importer"),
        ("Filter *.csv and docs/* is ignored", "Filter *.csv and docs/* is ignored"),
        (
            "Status stays :red_circle: though all checks are :white_check_mark:",
            "Status stays :red_circle: though all checks are :white_check_mark:",
        ),
        ("```\nKeyError: 'customer_id' in job\n```", "KeyError: 'customer_id' in job"),
        ("Export ends with ```KeyError: id``` at night", "Export ends with KeyError: id at night"),
        (
            "The page https://app.example.com/reports?x=1 never loads",
            "The page app.example.com/reports never loads",
        ),
        (
            "The placeholder <customer_name> shows in e-mails",
            "The placeholder <customer_name> shows in e-mails",
        ),
        ("a <b and c> d are swapped in exports", "A <b and c> d are swapped in exports"),
        ("- [ ] export fails", "Export fails"),
        ("导出失败", "Customer feedback: 导出失败"),
    ],
)
def test_the_title_keeps_the_words_as_written(pain: str, title: str) -> None:
    assert draft_request(pain, AREAS).title == title


def test_a_long_pain_is_cut_at_a_word() -> None:
    draft = draft_request("spreadsheet export breaks " * 400, AREAS)
    assert len(draft.title) <= 80
    assert draft.title.split()[-1] in {"spreadsheet", "export", "breaks"}
    assert len(draft.description) <= 600


def test_the_description_holds_at_most_two_sentences_from_the_problem_on() -> None:
    pain = "Hi! Exports fail for us. It blocks finance. We told you in May. Please help."
    draft = draft_request(pain, AREAS)
    assert draft.description == "Exports fail for us. It blocks finance."
    assert draft.quote == "Exports fail for us."


@given(st.text(max_size=400), st.integers(0, 3))
def test_any_text_makes_a_valid_draft(pain: str, count: int) -> None:
    draft = draft_request(pain, AREAS[:count])
    assert 5 <= len(draft.title) <= 80
    assert draft.title == draft.title.strip()
    assert len(draft.description) <= 600
    assert len(draft.area_ids) <= 1
    assert set(draft.area_ids) <= {area.id for area in AREAS[:count]}


@pytest.mark.parametrize(
    "hostile", ["<" * 10_000, "a." * 5_000, "{code}" * 1_700, "*_" * 5_000, "hi " * 3_300]
)
@pytest.mark.timeout(5)
def test_hostile_text_does_not_take_long(hostile: str) -> None:
    assert 5 <= len(draft_request(hostile, AREAS).title) <= 120


def test_near_neighbours_vote_for_the_area() -> None:
    votes = [neighbour(0.8, 1), neighbour(0.3, 2), neighbour(0.2, 2)]
    assert draft_request("csv export", AREAS, votes).area_ids == (1,)


def test_votes_for_areas_that_are_not_offered_do_not_count() -> None:
    assert draft_request("csv export", AREAS, [neighbour(0.9, 77)]).area_ids == (2,)


def test_without_votes_shared_words_choose_the_area() -> None:
    assert draft_request("Paying an invoice twice", AREAS).area_ids == (1,)
    assert draft_request("exporting a spreadsheet", AREAS).area_ids == (2,)


def test_a_stranger_that_happens_to_be_nearest_does_not_vote() -> None:
    assert draft_request("The owl hoots", AREAS, [neighbour(0.2, 1)]).area_ids == ()


def test_without_any_clue_there_is_no_area() -> None:
    assert draft_request("The owl hoots", AREAS).area_ids == ()
    assert draft_request("The owl hoots", []).area_ids == ()


def test_two_areas_that_fit_as_well_are_a_guess_and_none_is_chosen() -> None:
    twins = [AreaOption(1, "a", "Reports weekly"), AreaOption(2, "b", "Reports daily")]
    assert draft_request("Our reports are wrong", twins).area_ids == ()


@pytest.mark.parametrize(
    ("pain", "title"),
    [
        (
            "From the renewal call with Kestrel (transcript): \"So we've been customers for, what, "
            'four years now. Every month our controller exports the ledger by hand."',
            "Every month our controller exports the ledger by hand",
        ),
        (
            "Anna: Hi, how are you?\nBen: Good, thanks.\nAnna: What can we improve?\n"
            "Ben: The reports are nice.\nBen: Our drivers cannot see the loading dock.",
            "Our drivers cannot see the loading dock",
        ),
        (
            "We love the product and our team has been using it for two years in three offices, "
            "yet when somebody leaves their account stays open for weeks and we cannot close it",
            "When somebody leaves their account stays open for weeks and we cannot close it",
        ),
    ],
)
def test_the_title_is_of_the_sentence_that_carries_the_pain(pain: str, title: str) -> None:
    assert draft_request(pain, []).title == title


def test_the_title_never_ends_in_punctuation() -> None:
    for mark in ".,;:!?…-":
        title = draft_request(f"The export stops at night{mark}", AREAS).title
        assert re.search(r"\w$", title)


@pytest.mark.parametrize(
    "words",
    [
        "The preview shows 5*3*2 as 30 and the invoice 5*32",
        "Columns customer_id and account_name swap in orders_2026.csv",
        "Backups under ~/exports/~old need --keep_all",
        "Calling __init__ with **kwargs fails in a*b",
        "The glob *_test.py finds nothing",
    ],
)
def test_signs_inside_words_stay_in_the_title(words: str) -> None:
    assert draft_request(words, ()).title == words


def test_markup_at_the_edges_of_words_goes_from_the_title() -> None:
    said = "*Exports* of `batch_size` rows ~never~ _fail_ **here**"
    assert draft_request(said, ()).title == "Exports of batch_size rows never fail here"
