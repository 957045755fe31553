"""Words of a search and the words of a title that they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.matching.alike import How, likenesses, telling_words


@pytest.mark.parametrize(
    ("asked", "title", "found", "how"),
    [
        ("sso", "Add single sign-on for Okta", "single sign on", How.INITIALS),
        ("rbac", "Role-based access control", "role based access control", How.INITIALS),
        ("tos", "Terms of Service page", "terms of service", How.INITIALS),
        ("ts", "Terms of Service page", "terms service", How.INITIALS),
        ("a11y", "Better accessibility of forms", "accessibility", How.INITIALS),
        ("a11y", "Better access to forms", "", None),
        ("l10n", "Localization of dates", "localization", How.INITIALS),
        ("export", "Exporting tables", "exporting", How.SAME),
        ("exports", "Export of tables", "export", How.SAME),
        ("us", "Use it less", "", None),
        ("auth", "Authentication by passkey", "authentication", How.BEGINNING),
        ("au", "Authentication by passkey", "", None),
        ("exprot", "Export tables", "export", How.MISSPELT),
        ("recieve", "Receive a mail", "receive", How.MISSPELT),
        ("dashbord", "Dashboards are slow", "dashboards", How.MISSPELT),
        ("import", "Export tables", "", None),
        ("sign", "Design of pages", "", None),
        ("mport", "Import of tables", "import", How.MISSPELT),
        ("レポート", "レポートのエクスポート", "レポートのエクスポート", How.BEGINNING),
        ("エクスポート", "CSVエクスポートが遅い", "csvエクスポートが遅い", How.SAME),
        ("导出", "数据导出太慢", "数据导出太慢", How.SAME),
        ("导", "数据导出太慢", "", None),
        ("darkmode", "Dark mode for tables", "darkmode", How.SAME),
        ("email", "E-mail digest", "email", How.SAME),
        ("webhooks", "Web hook retries", "webhook", How.SAME),
        ("wifi", "Wi-Fi setup", "wifi", How.SAME),
        ("resume", "R\xe9sum\xe9 upload", "r\xe9sum\xe9", How.SAME),
        ("r\xe9sum\xe9", "Resume upload", "resume", How.SAME),
        ("2fa", "Two-factor authentication", "two factor authentication", How.INITIALS),
        ("2x", "Two tables", "", None),
        ("strasse", "Straße wird falsch angezeigt", "strasse", How.SAME),
    ],
)
def test_a_word_stands_for_words_of_the_title(
    asked: str, title: str, found: str, how: How | None
) -> None:
    seen = likenesses([asked], title, unknown=[asked])
    assert [(one.found, one.how) for one in seen] == ([(found, how)] if how is not None else [])


@pytest.mark.parametrize("asked", [["e", "mail"], ["wi", "fi"], ["dark", "mode"]])
def test_two_words_stand_for_one_of_the_title(asked: list[str]) -> None:
    seen = likenesses(asked, "Wifi, email and darkmode")
    assert {one.found for one in seen} == {"".join(asked)}


def test_a_word_that_some_request_has_is_not_misspelt() -> None:
    assert likenesses(["exprot"], "Export tables") == []


def test_the_description_has_whole_words_only() -> None:
    assert [one.how for one in likenesses(["okta"], "Log in", "By Okta.")] == [How.SAME]
    assert likenesses(["okt"], "Log in", "By Okta.", unknown=["okt"]) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("what do we have on SSO?", ["sso"]),
        ("how many customers want dark mode", ["dark", "mode"]),
        ("customer_id batchSize HTTPServer", ["id", "batch", "size", "httpserver"]),
        ("what is it", ["what", "is", "it"]),
        ("🤷 :::", []),
        ("\uff23\uff33\uff36 \ufb01le", ["csv", "file"]),
    ],
)
def test_the_telling_words_of_a_query(query: str, words: list[str]) -> None:
    assert telling_words(query) == words


@given(st.text(max_size=60), st.text(max_size=120))
def test_any_text_is_compared_without_harm(query: str, title: str) -> None:
    asked = telling_words(query)
    seen = likenesses(asked, title, title, unknown=asked)
    assert {one.asked for one in seen} <= set(asked)
