"""Texts that give orders to a model are told from customers' words, however they are hidden."""

from __future__ import annotations

import time

import pytest

from include.agents.suspicion import addresses_model
from tests.injections import CORPUS, HARMLESS, LATER


def test_every_attempt_of_the_corpus_is_seen() -> None:
    assert len(set(CORPUS)) >= 50
    assert [text for text in CORPUS if not addresses_model(text)] == []


def test_customers_ordinary_words_are_left_alone() -> None:
    assert [text for text in HARMLESS if addresses_model(text)] == []


def test_some_of_what_the_rules_were_not_written_for_is_seen_too() -> None:
    # The rest must be harmless without being seen: tests/db/entries/test_injections.py.
    assert sum(map(addresses_model, LATER)) >= 5


@pytest.mark.parametrize(
    "unit",
    ["ignore ", "a b ", "print the ", "<", "<|", "{'role' ", "A1", "1 ", "\u0406", "data 0a"],
)
def test_hostile_text_is_read_in_a_moment(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    began = time.process_time()
    addresses_model(text)
    assert time.process_time() - began < 2.0
