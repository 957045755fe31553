"""How much of what must be hidden is hidden, how much else, and how long it takes."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from include.base.identifiers import is_card
from include.base.masking import Mask, masked
from include.base.national_numbers import verhoeff
from tests.masking_lookalikes import LOOKALIKES
from tests.masking_samples import CARDS, SAMPLES

HOSTILE = (
    "1",
    "1 ",
    "12-",
    "4111 1111 ",
    "a@",
    "a.",
    "a at b dot ",
    "key: ",
    "password ",
    "sk-",
    "sk-a-",
    "eyJa-",
    "SG.a",
    "+49 30 9 ",
    "(0",
    "DE89 ",
    "AB12",
    "tax id ",
    "passport no no ",
    "born on ",
    "1.1.1.",
    "a:",
    "00:1B:",
    "&#64;",
    "%40",
    "\u200b",
    "\uff11",
    "-----BEGIN RSA PRIVATE KEY-----",
    "://a:",
    "<EMAIL_1",
)


def test_what_must_be_hidden_is_hidden() -> None:
    assert len(SAMPLES) >= 200
    seen = [said.format(value) for said, value in SAMPLES if _seen(said, value)]
    assert len(seen) / len(SAMPLES) <= 0.05, seen


def _seen(said: str, value: str) -> bool:
    """Whether more of a value is left than a sign at its end."""
    left = Mask().hide(said.format(value))
    return len(left) < 4 or value in left or not _has_place(left) or _rest(said, left) > 1


def _has_place(text: str) -> bool:
    return "<" in text and "_1>" in text


def _rest(said: str, left: str) -> int:
    return len(left[: left.index("<")] + left[left.rindex(">") + 1 :]) - len(said.format(""))


def test_what_only_looks_like_it_stays() -> None:
    assert len(set(LOOKALIKES)) >= 200
    hidden = [(text, masked(text)) for text in LOOKALIKES if masked(text) != text]
    assert len(hidden) / len(LOOKALIKES) <= 0.02, hidden


def test_every_sample_comes_back_as_it_was_written() -> None:
    mask = Mask()
    texts = [*(said.format(value) for said, value in SAMPLES), *LOOKALIKES]
    hidden = [mask.hide(text) for text in texts]
    assert [mask.show(text) for text in hidden] == texts


@pytest.mark.parametrize("card", CARDS)
def test_a_card_with_one_wrong_digit_is_none(card: str) -> None:
    digits = [str(int(sign)) for sign in card.replace("%20", "") if sign.isdecimal()]
    assert is_card("".join(digits))
    digits[-1] = str((int(digits[-1]) + 1) % 10)
    assert not is_card("".join(digits))


def test_verhoeffs_check_digit_sees_a_swap() -> None:
    assert verhoeff("234123412346")
    assert not verhoeff("234123412364")


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    short, long = _seconds(unit, 2_500), _seconds(unit, 10_000)
    # Four times the text: a square would take sixteen times as long.
    assert long < 9 * short + 0.05, (short, long)


def _seconds(unit: str, length: int) -> float:
    text = (unit * length)[:length]
    best = float("inf")
    for _ in range(2):
        began = time.process_time()
        masked(text)
        best = min(best, time.process_time() - began)
    return best


def test_importing_it_loads_no_library_of_numbers() -> None:
    code = (
        "import sys, include.base.masking as m; before = set(sys.modules); m.masked('hello');"
        "print('include.base.identifiers' in before, 'phonenumbers' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
