"""Handlers of hooks are found by registered words, never by names of code in a row."""

from __future__ import annotations

import pytest

from include.base.errors import FatalError
from include.durable import handlers
from include.durable.handlers import register, resolve_handler
from include.workflows.hook_handlers import register_hook_handlers


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the product's own words, whatever ran before; forget what a test adds."""
    monkeypatch.setattr(handlers, "_registered", {})
    register_hook_handlers()


def hear(_hook: object, _event: object) -> None:
    """Hear nothing."""


@pytest.mark.parametrize("word", ["os:system", "include.entries.questions", "questions", ""])
def test_a_word_that_is_not_registered_is_refused_with_those_that_are(word: str) -> None:
    with pytest.raises(FatalError, match=r"no hook handler is registered as .*'question'"):
        resolve_handler(word)


def test_a_target_is_imported_at_its_first_call() -> None:
    register("heard", f"{__name__}:hear")
    assert resolve_handler("heard") is hear
    register("called", hear)
    assert resolve_handler("called") is hear


@pytest.mark.parametrize("target", ["include.base.nowhere:hear", "include.base.errors:hear", "?"])
def test_a_target_that_is_not_there_is_named(target: str) -> None:
    register("lost", target)
    with pytest.raises(FatalError, match=r"'lost' cannot be loaded"):
        resolve_handler("lost")


def test_a_word_means_one_thing_and_may_be_registered_again() -> None:
    register("heard", hear)
    register("heard", hear)
    with pytest.raises(ValueError, match="'heard' is registered"):
        register("heard", "include.base.errors:hear")
