from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.requests.opening import slug_of
from include.requests.pages import Page, page_of, slug_in

BASE = "https://feedback.example.com/app/"


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://feedback.example.com/app/requests/csv-export", Page("request", "csv-export")),
        (
            "https://FEEDBACK.example.com:443/app/requests/csv-export/?a=1#b",
            Page("request", "csv-export"),
        ),
        ("https://feedback.example.com/app/areas/exports", Page("area", "exports")),
        ("https://feedback.example.com/app/accounts/ACC%2D1", Page("account", "ACC-1")),
        ("https://feedback.example.com/requests/csv-export", None),
        ("https://feedback.example.com/app/requests/CSV", None),
        ("https://feedback.example.com/app/requests/a/b", None),
        ("https://feedback.example.com/app/accounts/a%20b", None),
        ("http://feedback.example.com/app/requests/csv-export", None),
        ("https://feedback.example.com.evil.example/app/requests/csv-export", None),
        ("https://feedback.example.com@evil.example/app/requests/csv-export", None),
        ("https://[half/app/requests/csv-export", None),
        ("https://feedback.example.com:99999/app/requests/csv-export", None),
        ("", None),
    ],
)
def test_only_our_own_pages_are_pages(url: str, page: Page | None) -> None:
    assert page_of(url, BASE) == page


def test_without_a_base_nothing_is_a_page() -> None:
    assert page_of("https://feedback.example.com/requests/csv-export", "") is None


@pytest.mark.parametrize(
    ("said", "slug"),
    [
        ("csv-export", "csv-export"),
        (" csv-export \n", "csv-export"),
        ("<https://feedback.example.com/app/requests/csv-export|here>", "csv-export"),
        ("https://evil.example/app/requests/csv-export", None),
        ("CSV export", None),
        ("-x", None),
    ],
)
def test_a_request_is_named_by_slug_or_by_its_page(said: str, slug: str | None) -> None:
    assert slug_in(said, BASE) == slug


@given(st.text(max_size=80))
def test_whatever_is_said_is_read_without_an_error(said: str) -> None:
    slug_in(said, BASE)
    page_of(said, BASE)
    page_of(BASE, said)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://a/plugin/feedback/gtm-feedback", "https://a/gtm-feedback/requests/csv"),
        (
            "https://a/plugin/feedback/gtm-feedback",
            "https://a/plugin/feedback/gtm-feedback/requests/csv",
        ),
        ("https://a/f/plugin/feedback/f/gtm-feedback", "https://a/f/gtm-feedback/requests/csv"),
    ],
)
def test_a_page_in_airflows_frame_is_the_same_page_outside_of_it(base: str, url: str) -> None:
    assert page_of(url, base) == Page("request", "csv")
    assert page_of(url.replace("https://a", "https://b"), base) is None
    assert page_of("https://a/requests/csv", base) is None


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Export tables as CSV", "export-tables-as-csv"),
        ("Größere Übersichten für die Straße", "grossere-ubersichten-fur-die-strasse"),
        ("レポートのエクスポート", "repotonoekusupoto"),
        ("导出失败", "daochushibai"),
        ("表 CSV", "biao-csv"),
        ("🔥🔥🔥🔥🔥", "fire-fire-fire-fire-fire"),
        ("§§§§§ ?", "sssss"),
        ("-----", "request"),
    ],
)
def test_a_title_in_any_script_makes_a_readable_slug(title: str, slug: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", slug_of(title))
    assert slug_of(title) == slug
