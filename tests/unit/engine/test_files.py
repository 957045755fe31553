"""A run's file is opened if it is below a root, and is a file."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from include.base.errors import FatalError
from include.engine.files import open_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "in"
    root.mkdir()
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps({"import_roots": [str(root)]}))
    return root


def test_a_file_below_a_root_is_read(root: Path) -> None:
    (root / "a.csv").write_bytes(b"words")
    with open_file(f"file://{root}/a.csv") as file:
        assert file.read() == b"words"


@pytest.mark.parametrize("path", ["/etc/shadow", "/proc/self/environ", "http://127.0.0.1/a.csv"])
@pytest.mark.usefixtures("root")
def test_what_is_not_below_a_root_is_not_opened(path: str) -> None:
    with pytest.raises(FatalError, match=r"not below one of|none of the schemes"):
        open_file(path)


def test_a_pipe_a_folder_and_a_missing_file_are_refused_at_once(root: Path) -> None:
    os.mkfifo(root / "pipe.csv")
    (root / "folder.csv").mkdir()
    for name, said in (
        ("pipe.csv", "no file"),
        ("folder.csv", "no file"),
        ("none.csv", "cannot be read"),
    ):
        with pytest.raises(FatalError, match=said):
            open_file(str(root / name))


def test_closed_by_default(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a.csv").write_bytes(b"words")
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
    with pytest.raises(FatalError, match="closed to all files"):
        open_file(str(root / "a.csv"))
