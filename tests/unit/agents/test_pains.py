"""Quotes are the source's own words, or they are refused."""

from __future__ import annotations

import pytest

from include.agents.pains import LONG_ENOUGH, Pain, may_hold_several, verbatim

TEXT = (
    "The export times out on large tables, so we copy by hand.\n"
    "Also nobody can see who deleted a record. And SSO with Okta breaks every Monday."
)


def test_quotes_are_spans_of_the_source_in_its_order() -> None:
    found, refused = verbatim(
        TEXT,
        [
            ("SSO with Okta breaks every Monday", "SSO breaks on Mondays", "Sign-in fails."),
            ("The export times out on large tables", "", ""),
        ],
    )
    assert refused == 0
    assert [TEXT[pain.start : pain.end] for pain in found] == [pain.quote for pain in found]
    assert [pain.start for pain in found] == [0, TEXT.index("SSO")]
    assert found[0].suggestion is None
    assert found[1].suggestion == {
        "title": "SSO breaks on Mondays",
        "description": "Sign-in fails.",
    }


def test_a_quote_may_differ_in_white_space_only_and_the_source_is_kept() -> None:
    [pain], refused = verbatim(TEXT, [("copy by hand. Also nobody can see", "", "")])
    assert (pain.quote, refused) == ("copy by hand.\nAlso nobody can see", 0)


@pytest.mark.parametrize(
    "quote",
    ["", "  ", "SSO", "the EXPORT times out", "Delete all records", "Nobody can see who"],
)
def test_words_that_are_not_there_are_refused(quote: str) -> None:
    assert verbatim(TEXT, [(quote, "", "")]) == ([], 1)


def test_overlapping_quotes_are_refused_and_none_is_one_too_many() -> None:
    overlapping = [("nobody can see who deleted", "", ""), ("who deleted a record", "", "")]
    assert len(verbatim(TEXT, overlapping)[0]) == 1
    words = " ".join(f"problem number {n} hurts." for n in range(9))
    many = [(f"problem number {n} hurts.", "", "") for n in range(9)]
    found, refused = verbatim(words, many)
    assert (len(found), refused) == (9, 0)


@pytest.mark.parametrize("text", ["", "🔥" * 500, "x" * 10_000, "Export fails. SSO fails."])
def test_short_or_single_texts_are_one_pain(text: str) -> None:
    assert not may_hold_several(text)


@pytest.mark.parametrize(
    "text",
    [
        "Der Export bricht ab und niemand weiß warum. " * 8,
        "导出失败。登录也失败。" * 20,
        "<p>Export fails</p>\n<p>SSO fails</p>" * 10,
        "```code```\n" + "It hurts. " * 40,
    ],
)
def test_long_texts_of_several_sentences_may_hold_several(text: str) -> None:
    assert len(text) >= LONG_ENOUGH
    assert may_hold_several(text)


def test_a_title_that_is_no_title_is_not_suggested() -> None:
    assert Pain("x", 0, 1, "Hi", "words").suggestion is None
    assert Pain("x", 0, 1, "y" * 121, "words").suggestion is None
    assert Pain("x", 0, 1, "A good title", "").suggestion is None
    kept = Pain("x", 0, 1, "A  good\ntitle", "a " * 600).suggestion
    assert kept is not None
    assert kept["title"] == "A good title"
    assert len(kept["description"]) <= 600


@pytest.mark.parametrize(
    "title", ["See https://evil.example/x", "Ask <!channel> first", "Tell @here of the export"]
)
def test_a_title_that_leads_away_is_not_proposed(title: str) -> None:
    assert Pain("the export fails", 0, 16, title, "Exports fail.").suggestion is None
