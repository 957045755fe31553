"""Which of the product's data an entry's run wrote."""

from __future__ import annotations

from typing import Any

import pytest

from include.engine.assets import EMBEDDINGS, FEEDBACK, REQUESTS, written_by


@pytest.mark.parametrize(
    ("result", "written"),
    [
        ({"outcome": "attached"}, {FEEDBACK.name}),
        ({"outcome": "created"}, {FEEDBACK.name, REQUESTS.name, EMBEDDINGS.name}),
        ({"outcome": "noise"}, set()),
        ({"outcome": "split"}, set()),
        ({"outcome": None}, set()),
        ({"outcome": "created", "duplicate_of_run": "another"}, set()),
    ],
)
def test_only_what_this_run_wrote(result: dict[str, Any], written: set[str]) -> None:
    assert {asset.name for asset in written_by(result)} == written
