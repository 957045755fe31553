"""What a question to the app looks for, and what is no question but a greeting."""

from __future__ import annotations

import pytest

from include.relay.listeners.ask_requests import EMPTY, HELP, _answer, subject_of


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("what do we have on SSO?", "SSO"),
        ("how many customers want SSO?", "SSO"),
        ("has anybody asked for dark mode?", "dark mode"),
        ("did someone report slow exports", "slow exports"),
        ("we have a customer who wants SSO", "SSO"),
        ("looking for dark mode", "dark mode"),
        ("where is the request about exports?", "exports"),
        ("who else needs offline mode", "offline mode"),
        ("SSO pls", "SSO"),
        ("customer portal", "customer portal"),
        ("users cannot log in", "users cannot log in"),
        ("help desk integration", "help desk integration"),
        ("hello world page", "hello world page"),
        ("thank-you page", "thank-you page"),
    ],
)
def test_the_words_around_a_subject_are_not_looked_for(question: str, subject: str) -> None:
    assert subject_of(question) == subject


@pytest.mark.parametrize(
    "said",
    [
        *("help", "Help me please", "can you help me?", "what can you do?", "how does this work?"),
        *("hello", "Hi team!", "good morning everyone", "who are you?", "what is this?"),
        *("how do I hand in feedback?", "how can we submit a request", "commands", "usage"),
    ],
)
def test_greetings_and_calls_for_help_are_answered_with_help(said: str) -> None:
    assert _answer(said) == HELP


@pytest.mark.parametrize("said", ["thanks", "Thank you!", "ok, thanks", "great", "got it", "?!"])
def test_a_thank_you_is_not_searched_for(said: str) -> None:
    assert _answer(said) == EMPTY
