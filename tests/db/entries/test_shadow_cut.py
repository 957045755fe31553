"""A report on a window of more decisions than are compared says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.db.entries.conftest import WordsEmbedder, make_request
from tests.db.entries.test_shadow import PAIN, TITLE, decided, on, report, run, says, slug

if TYPE_CHECKING:
    import pytest

    from tests.chat import Chat

__all__ = ["on"]  # a fixture


def test_a_report_says_how_many_decisions_it_does_not_compare(
    on: Chat, embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = make_request(embedder, TITLE)
    for name in ("one", "two", "three"):
        decided(embedder, name, f"{PAIN} {name}", **{slug(wanted): 0.95})
    says(on, **{slug(wanted): 0.95})
    assert run()["judged"] == 3
    assert "were judged in shadow as well" not in " ".join(report())
    monkeypatch.setattr("include.entries.shadow_report.MOST", 2)
    said = " ".join(report())
    assert "judged 2 of 3 decisions" in said
    assert "Only the newest 2 decisions were compared; 1 older ones" in said
