"""An embedder whose cost is known: bags of hashed words, 20 ms for each call of 64 texts."""

from __future__ import annotations

import hashlib
import re
import time
from functools import lru_cache

import numpy as np

MODEL = "all-MiniLM-L6-v2"
"""The name of a model with a calibration, so that all three ways are taken."""

DIMENSIONS = 384
CALL_SECONDS = 0.02
_AT_ONCE = 64


class ScriptedEmbedder:
    """Texts with the same words have the same vector. ``calls`` counts what a server would get."""

    model = MODEL
    dimensions = DIMENSIONS

    def __init__(self, call_seconds: float = CALL_SECONDS) -> None:
        self.calls = 0
        self.call_seconds = call_seconds

    @property
    def server_seconds(self) -> float:
        """What the server took of the time."""
        return self.calls * self.call_seconds

    def embed(self, texts: list[str]) -> list[list[float]]:
        """One vector for each text."""
        calls = -(-len(texts) // _AT_ONCE)
        self.calls += calls
        time.sleep(calls * self.call_seconds)
        return [_vector(text) for text in texts]


def _vector(text: str) -> list[float]:
    total = sum((_word(word) for word in re.findall(r"\w+", text.lower())), np.zeros(DIMENSIONS))
    length = float(np.linalg.norm(total))
    return (total / length if length else np.eye(1, DIMENSIONS)[0]).tolist()  # type: ignore[no-any-return]


@lru_cache(maxsize=100_000)
def _word(word: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(DIMENSIONS)
