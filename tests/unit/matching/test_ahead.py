"""The embedding that is under way before it is asked for."""

from __future__ import annotations

from threading import Event, current_thread, main_thread

import pytest

from include.base.errors import EmbeddingsUnavailable
from include.matching.ahead import EmbeddedAhead


class Lengths:
    """Embeds a text as its length; says what it was asked, and by which thread."""

    model = "lengths"
    dimensions = 1

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], bool]] = []
        self.begun, self.may_answer = Event(), Event()
        self.error: Exception | None = None

    def embed(self, texts: list[str]) -> list[list[float]]:
        beside = current_thread() is not main_thread()
        self.asked.append((texts, beside))
        self.begun.set()
        if beside:
            assert self.may_answer.wait(10)
        if self.error is not None:
            raise self.error
        return [[float(len(text))] for text in texts]


def test_the_call_is_made_beside_and_once() -> None:
    embedder = Lengths()
    ahead = EmbeddedAhead(embedder, "four")
    assert embedder.begun.wait(10)
    embedder.may_answer.set()
    assert ahead.embed(["four"]) == [[4.0]]
    assert ahead.embed(["four"]) == [[4.0]]
    assert embedder.asked == [(["four"], True)]
    assert (ahead.model, ahead.dimensions) == ("lengths", 1)


@pytest.mark.parametrize("texts", [["other"], ["four", "four"], []])
def test_what_was_not_foreseen_is_asked_for_itself(texts: list[str]) -> None:
    embedder = Lengths()
    ahead = EmbeddedAhead(embedder, "four")
    assert ahead.embed(texts) == [[float(len(text))] for text in texts]
    assert (texts, False) in embedder.asked
    embedder.may_answer.set()


def test_its_error_reaches_who_asks() -> None:
    embedder = Lengths()
    embedder.error = EmbeddingsUnavailable("busy", retry_after=3)
    embedder.may_answer.set()
    ahead = EmbeddedAhead(embedder, "four")
    with pytest.raises(EmbeddingsUnavailable) as raised:
        ahead.embed(["four"])
    assert raised.value.retry_after == 3
    assert embedder.asked == [(["four"], True)]
