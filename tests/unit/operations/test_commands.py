"""Commands of the product find connections wherever Airflow keeps them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
WITHOUT_CONNECTIONS = {"include/relay/openapi.py"}
"""Writes a file of the repository."""


def commands() -> list[str]:
    """The files that ``python -m`` runs, by path."""
    files = (path for path in (ROOT / "include").rglob("*.py"))
    return sorted(
        str(path.relative_to(ROOT))
        for path in files
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    )


def test_the_commands_are_found() -> None:
    assert {"include/operations/__main__.py", "include/store/migrate.py"} < set(commands())


@pytest.mark.parametrize("path", sorted(set(commands()) - WITHOUT_CONNECTIONS))
def test_a_command_reads_airflows_metadata_as_a_server_does(path: str) -> None:
    """Without that, Airflow gives a process of its own what is in the environment only."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert "read_as_server" in called
