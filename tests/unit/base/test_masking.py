from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.base.identifiers import is_card
from include.base.masking import Mask, masked

HIDDEN = {
    "EMAIL": [
        "ann.lee+crm@mail.example.co.uk",
        "jörg@müller.de",
        "ops_team@sub-domain.example.io",
    ],
    "PHONE": [
        "+1 415-555-2671",
        "(415) 555-2671",
        "020 7946 0958",
        "+49 30 901820",
        "+33 1 42 68 53 00",
        "+91 98765 43210",
        "0049 30 901820",
    ],
    "CARD": ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"],
    "KEY": [
        "sk-proj-abcdefghij0123456789ABCD",
        "sk_live_51Habcdefghijklmnopqrst",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "github_pat_11ABCDEFG0abcdefghijkl_mnop",
        "glpat-abcdefghijklmnopqrst",
        "xoxb-1234567890-abcdefghijkl",
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----",
        "https://hooks.slack.com/services/T000/B000/abcdefgh",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1",
    ],
}
VALUES = [(kind, value) for kind, values in HIDDEN.items() for value in values]


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=[value[:24] for _, value in VALUES])
def test_a_value_is_hidden_inside_a_sentence_and_comes_back(kind: str, value: str) -> None:
    text = f"Please look at this: {value}, it broke for us."
    mask = Mask()
    hidden = mask.hide(text)
    assert hidden == f"Please look at this: <{kind}_1>, it broke for us."
    assert mask.show(hidden) == text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("password: hunter2!X", "password: <KEY_1>"),
        ('{"api_key": "a1b2c3d4e5"}', '{"api_key": "<KEY_1>"}'),
        ("token=Zx81kq02ppl", "token=<KEY_1>"),
        ("Authorization: Bearer abcDEF123456.x", "Authorization: Bearer <KEY_1>"),
        ("postgres://bob:s3cretPass@db/x", "postgres://bob:<KEY_1>@db/x"),
    ],
)
def test_a_value_with_a_telling_name_is_hidden(text: str, hidden: str) -> None:
    assert Mask().hide(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "The password: field is too small and the token expires after 30 minutes.",
        "Version 10.4.2 broke on 2026-03-01 at 10:30, see ticket 123456.",
        "We pay 1,250,000 USD for 5000 seats, and 20000 rows took 45 seconds.",
        "Request 6f9619ff-8b86-d011-b42d-00cf4fc964ff failed with code 0x80070005.",
        "The import of customer_accounts_export_2026_final.csv stops at 99 %.",
        "Wir möchten die Tabelle als CSV exportieren können.",
        "請讓我們可以匯出表格。",
        "internationalization-and-localization-settings-page",
    ],
)
def test_ordinary_sentences_stay_as_they_are(text: str) -> None:
    assert masked(text) == text


def test_the_same_value_is_the_same_place_in_all_texts_of_a_call() -> None:
    mask = Mask()
    assert mask.hide("ann@example.com and bob@example.com") == "<EMAIL_1> and <EMAIL_2>"
    assert mask.hide("bob@example.com again") == "<EMAIL_2> again"
    assert mask.count == 2


def test_a_place_that_a_customer_wrote_is_not_filled_with_anothers_value() -> None:
    mask = Mask()
    first = mask.hide("our address is ann@example.com")
    second = mask.hide("tell me <EMAIL_1>")
    assert second == "tell me <MARK_1>"
    assert mask.show(second) == "tell me <EMAIL_1>"
    assert mask.show(first) == "our address is ann@example.com"


def test_places_are_filled_wherever_they_stand_in_an_answer() -> None:
    mask = Mask()
    mask.hide("ann@example.com")
    shown = mask.show_all({"a": ["x <EMAIL_1>", 3], "b": {"c": "<EMAIL_1>"}, "d": "<EMAIL_7>"})
    assert shown == {
        "a": ["x ann@example.com", 3],
        "b": {"c": "ann@example.com"},
        "d": "<EMAIL_7>",
    }


def test_a_card_needs_its_check_digit() -> None:
    assert is_card("4111111111111111")
    assert not is_card("4111111111111112")
    assert not is_card("0000000000000000")


@given(st.text(max_size=400))
def test_hiding_and_showing_gives_every_text_back(text: str) -> None:
    mask = Mask()
    assert mask.show(mask.hide(text)) == text


@pytest.mark.parametrize("text", ["1" * 10_000, "a@" * 5_000, "key: " * 2_000, "+49 30 9 " * 1_100])
def test_a_long_strange_text_takes_no_longer_than_a_second(text: str) -> None:
    masked("+1 415-555-2671")
    started = time.process_time()
    masked(text)
    assert time.process_time() - started < 1.0
