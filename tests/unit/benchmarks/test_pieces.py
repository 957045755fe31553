"""Made-up feedback, and the exact search that it is measured against."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.pieces import COMPARED, Pieces, closest, make_pieces


def units(count: int, seed: int) -> np.ndarray:
    raw = np.random.default_rng(seed).standard_normal((count, 16)).astype(np.float32)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def test_only_the_newest_of_each_request_are_compared() -> None:
    pieces = make_pieces(units(50, 1), 1_000)
    assert list(pieces.owners) == sorted(pieces.owners)
    assert np.linalg.norm(pieces.vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    for owner in set(pieces.owners.tolist()):
        of_it = pieces.compared[pieces.owners == owner]
        assert of_it.sum() == min(COMPARED, len(of_it))
        assert of_it[-COMPARED:].all()


def test_the_closest_are_by_the_sum_and_the_nearest_single_one() -> None:
    requests, pains = units(40, 2), units(5, 3)
    pieces = make_pieces(requests, 200)
    found = closest(requests, pieces, pains, count=3)
    for pain, places in zip(pains, found.tolist(), strict=True):
        assert set(places) == set(_slowly(requests, pieces, pain)[:3])


def _slowly(requests: np.ndarray, pieces: Pieces, pain: np.ndarray) -> list[int]:
    closeness = []
    for place, own in enumerate(requests):
        of_it = pieces.owners == place
        total = own + pieces.vectors[of_it].sum(axis=0)
        singles = [own, *pieces.vectors[of_it & pieces.compared]]
        closeness.append(total @ pain / np.linalg.norm(total) + max(one @ pain for one in singles))
    return sorted(range(len(requests)), key=lambda place: -closeness[place])
