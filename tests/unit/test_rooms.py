"""Which room imports which: the contracts of pyproject.toml, and no circle between files."""

from __future__ import annotations

import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import grimp
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("include", "sandbox", "dags", "plugins", "tests", "benchmarks")


def circle(arrows: dict[str, Iterable[str]]) -> list[str]:
    """One circle of files that import each other, from a file to itself; empty without any."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def test_no_files_import_each_other(graph: grimp.ImportGraph) -> None:
    arrows = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    assert len(arrows) > 300
    assert circle(arrows) == []


def test_an_import_inside_a_function_counts(tmp_path: Path) -> None:
    package = tmp_path / "rooms_of_a_test"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a.py").write_text("from rooms_of_a_test import b\n")
    (package / "b.py").write_text("def late():\n    import rooms_of_a_test.a\n")
    program = f"""
import sys
sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]
import grimp
from tests.unit.test_rooms import circle
graph = grimp.build_graph("rooms_of_a_test", cache_dir=None)
print(*circle({{name: graph.find_modules_directly_imported_by(name) for name in graph.modules}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert set(done.stdout.split()) == {"rooms_of_a_test.a", "rooms_of_a_test.b"}


def test_the_contracts_are_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stdout


def test_no_file_stands_loose() -> None:
    assert [path.name for path in (ROOT / "include").glob("*.py")] == ["__init__.py"]
