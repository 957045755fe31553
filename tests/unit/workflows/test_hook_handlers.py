"""The words that hooks' rows hold, and the plugin that registers them."""

from __future__ import annotations

import pytest

from include.durable import handlers
from include.durable.handlers import resolve_handler
from include.entries import questions
from include.workflows.hook_handlers import HANDLERS


def test_what_is_asked_with_is_what_is_registered() -> None:
    assert resolve_handler(questions.HANDLER) is questions.on_hook_event


@pytest.mark.parametrize("word", HANDLERS)
def test_every_word_leads_to_a_function(word: str) -> None:
    assert callable(resolve_handler(word))


def test_the_words_of_rows_that_are_open_stay() -> None:
    assert "question" in HANDLERS


def test_the_plugin_registers_them_when_airflow_loads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from plugins.hook_handlers import HookHandlersPlugin

    monkeypatch.setattr(handlers, "_registered", {})
    HookHandlersPlugin.on_load()
    assert handlers._registered == HANDLERS
