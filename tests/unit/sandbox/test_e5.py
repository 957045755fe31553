"""The sandbox's model for other languages."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING

import pytest

from sandbox import e5

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.timeout(180)
def test_two_languages_mean_the_same() -> None:
    model = e5.load()
    english, german, other = model.embed(
        [
            "Export a table as CSV",
            "Wir können die Tabelle nicht als CSV-Datei herunterladen",
            "Der Hund bellt jede Nacht",
        ]
    )
    assert len(english) == e5.DIMENSIONS
    near, far = (sum(a * b for a, b in zip(english, v, strict=True)) for v in (german, other))
    assert near > far + 0.03


def test_without_a_compiler_other_languages_are_off_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(e5.NoCompiler, match="no C compiler"):
        e5.load()
    assert not e5.is_possible()
    assert "Languages other than English are off" in capsys.readouterr().err
