from __future__ import annotations

import numpy as np
import pytest

from sandbox.minilm import DIMENSIONS, MiniLM, load


@pytest.fixture(scope="module")
def model() -> MiniLM:
    return load()


def test_cosines_are_those_its_model_card_gives(model: MiniLM) -> None:
    texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    vectors = model.encode(texts)
    cosines = vectors @ vectors.T
    assert cosines[0, 1] == pytest.approx(0.6660, abs=2e-4)
    assert cosines[0, 2] == pytest.approx(0.1046, abs=2e-4)
    assert cosines[1, 2] == pytest.approx(0.1411, abs=2e-4)


def test_vectors_have_unit_length_and_the_promised_size(model: MiniLM) -> None:
    vectors = model.embed(["short", "a somewhat longer sentence about exports", "", "😀" * 50])
    assert all(len(vector) == DIMENSIONS for vector in vectors)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_a_text_has_the_same_vector_alone_and_in_a_batch(model: MiniLM) -> None:
    texts = ["one", "a much longer text that makes the others padded in the batch", "two words"]
    together = model.encode(texts * 20)
    alone = np.vstack([model.encode([text]) for text in texts])
    assert np.abs(together[:3] - alone).max() < 1e-5


def test_what_follows_the_256th_token_is_not_read(model: MiniLM) -> None:
    long = "export " * 300
    assert np.abs(model.encode([long])[0] - model.encode([long + "zebra"])[0]).max() < 1e-6


def test_no_texts_give_no_vectors(model: MiniLM) -> None:
    assert model.embed([]) == []
