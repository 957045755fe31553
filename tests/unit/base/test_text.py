"""Texts of the world: what is stored as said, what is compared alike, and what has words."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.base.text import comparable, identifier, stored, unstorable, words

RLO, LRM, ZWSP, ZWNJ, ZWJ, SHY = "\u202e", "\u200e", "\u200b", "\u200c", "\u200d", "\xad"


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        (f"{RLO}Exports fail", "Exports fail"),
        (f"The \u2066Acme\u2069 report{LRM}", "The Acme report"),
        (f"pass{ZWSP}word re{SHY}set\ufeff", "password reset"),
        (f"sp{ZWJ}lit{ZWNJ}ting", "splitting"),
        ("hidden\U000e0069\U000e0067 tags", "hidden tags"),
        ("a\x1b[31mred\x07 bell", "a[31mred bell"),
        ("one\x0btwo\x85three", "one\ntwo\nthree"),
        ("one\r\ntwo\rthree\u2028four\u2029five", "one\ntwo\nthree\nfour\nfive"),
        ("one\r\n\r\ntwo\n\rthree", "one\n\ntwo\n\nthree"),
        (f"\u65e5{ZWSP}\u672c", "\u65e5\u672c"),
        ("caf" + "e\u0301", "caf\xe9"),
        ("e\u200b\u0301", "\xe9"),
        ("\u2764\ufe0f\ufe0f\ufe0f", "\u2764\ufe0f"),
        (
            "ex\ufe0fport\ufe01s \u044d\ufe0f \u05d0\U000e0100 e\u0301\ufe0f",
            "exports \u044d \u05d0 \xe9",
        ),
    ],
)
def test_what_nobody_sees_and_no_word_needs_is_left_out(given_text: str, kept: str) -> None:
    assert stored(given_text) == kept


@pytest.mark.parametrize(
    "said",
    [
        "tabs\tand\nlines, 5*3*2, customer_id, ﬁnance, ½ of Ⅳ, ﬀ",
        f"\u0645\u06cc{ZWNJ}\u062e\u0648\u0627\u0647\u0645",
        f"\u0647{ZWJ} 1445",
        f"\u0915\u094d{ZWJ}\u0937 \u0dc1\u0dca{ZWJ}\u0dbb\u0dd3",
        f"\u0e20\u0e32\u0e29\u0e32{ZWSP}\u0e44\u0e17\u0e22",
        f"\u0f40\u0f0b{ZWSP}\u0f41 \ua98f{ZWSP}\ua990 \u1b13{ZWSP}\u1b14",
        # Emoji that came with a later Unicode.
        f"\U0001faea{ZWJ}\U0001f525 \U0001f525{ZWJ}\U0001fadf",
        f"\U0001f642{ZWJ}\u2194\ufe0f \U0001f3f3\ufe0f{ZWJ}\u26a7\ufe0f \U0001f426{ZWJ}\u2b1b",
        f"\U0001f469\U0001f3fd{ZWJ}\U0001f4bb \u2764\ufe0f{ZWJ}\U0001f525 1\ufe0f\u20e3",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "\u845b\U000e0100 \uff21\uff22\uff23",
        "\u05e9\u05c1\u05bc",
    ],
)
def test_the_words_stay_as_they_were_said(said: str) -> None:
    assert stored(said) == unicodedata.normalize("NFC", said)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_storing_what_is_stored_changes_nothing(text: str) -> None:
    assert stored(stored(text)) == stored(text)
    assert comparable(comparable(text)) == comparable(text)
    assert comparable(stored(text)) == comparable(text)
    assert identifier(identifier(text)) == identifier(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cafe\u0301", "CAF\xc9"),
        ("\uff23\uff33\uff36 export", "csv EXPORT"),
        ("\ufb01nance", "finance"),
        ("Stra\xdfe", "STRASSE"),
        (f"re{SHY}set{ZWSP}", "reset"),
        (f"\u0645\u06cc{ZWNJ}\u062e", "\u0645\u06cc\u062e"),
        ("\U0001d407\U0001d41e\U0001d425\U0001d429", "help"),
        ("\uff76\uff9e", "\u30ac"),
        ("\u0130STANBUL D\u0130L", "istanbul dil"),
        ("\u0130\u0301", "\xed"),
        ("e\u3164\u0301", "\xe9"),
        ("\u1e9e \u03a3\u03a3 \u2160\u2161", "ss \u03c2\u03c3 III"),
        ("a\r\nb", "a\u2028b"),
    ],
)
def test_what_reads_alike_compares_alike(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don\u2019t export 'twice'", ["don't", "export", "twice"]),
        ("\u8f38\u51fa\u304c\u75db\u3044", ["\u8f38\u51fa\u304c\u75db\u3044"]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940 \u0926\u0930\u094d\u0926", 2),
        ("\u0e2a\u0e48\u0e07\u0e2d\u0e2d\u0e01\u0e44\u0e21\u0e48\u0e44\u0e14\u0e49", 1),
        ("\u0627\u0644\u062a\u0635\u062f\u064a\u0631 \u0628\u0637\u064a\u0621", 2),
        ("\u05d4\u05d9\u05d9\u05e6\u05d5\u05d0 \u05d0\u05d9\u05d8\u05d9", 2),
        ("\u10e5\u10d0\u10e0\u10d7\u10e3\u10da\u10d8 \u12a0\u121b\u122d\u129b", 2),
        ("\ub0b4\ubcf4\ub0b4\uae30\uac00 \ub290\ub824\uc694", 2),
        ("500 404 \u2460 \xbd", []),
        ("Exports\u2800fail", ["exports", "fail"]),
        ("\U0001f525\U0001f525 \u2764\ufe0f 1\ufe0f\u20e3", []),
        ("\U0001f1e9\U0001f1ea \u2139\ufe0f \U0001f197 \U0001f201 \u24c2\ufe0f \u3299", []),
        (f"\U0001f469\U0001f3fd{ZWJ}\U0001f4bb", []),
        ("\u3164\u3164\u3164", []),
        ("\u115f\u1160\uffa0\u2800", []),
        ("\u17b4\u17b5 \U00016fe4 \U0001d159 \ufff3 \ue000", []),
        (f"{ZWSP}{ZWJ}{RLO}\ufeff", []),
        ("\u30fc\u30fc\u30fc \u02d0", []),
        ("\u0301\u0302", []),
        ("\u314b\u314b\u314b \u3160\u3160 \u3147\u3147", []),
    ],
)
def test_words_are_told_in_every_script(text: str, found: list[str] | int) -> None:
    assert (words(text) if isinstance(found, list) else len(words(text))) == found


@pytest.mark.parametrize("blank", [ZWSP, RLO, "\u3164", "\uffa0", "\u2800", "\u17b5", "\ufeff"])
def test_an_id_is_the_same_with_and_without_what_nobody_sees(blank: str) -> None:
    assert identifier(f"{blank}ann@exa{blank}mple.com{blank}") == "ann@example.com"
    assert identifier(f" {blank}\u3000{blank}") == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fine \U0001f525", None),
        ("a\x00b", "NUL character at place 2"),
        ("ab\ud83d", r"half a character \(U\+D83D\) at place 3"),
        ("\udc80", "at place 1"),
    ],
)
def test_what_cannot_be_stored_is_told_with_its_place(text: str, said: str | None) -> None:
    told = unstorable(text)
    if said is None:
        assert told is None
    else:
        assert told is not None
        assert re.search(said, told)


@pytest.mark.parametrize(
    "text", ["a\u0301" * 5_000, "\u0301" * 10_000, ZWJ * 10_000, "\U000e0041" * 10_000]
)
def test_hostile_texts_take_no_time(text: str) -> None:
    started = time.process_time()
    stored(text), comparable(text), words(text)
    assert time.process_time() - started < 0.5
