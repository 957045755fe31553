"""``docs/dags.md``: one page of all DAGs, made from their files.

``python -m sandbox.dag_page`` writes the page; with ``--check`` it compares the page with
the files and exits 1 when they differ. The files are read, never run, so Airflow is not needed.
"""

from __future__ import annotations

import ast
import difflib
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAGS = ROOT / "dags"
PAGE = ROOT / "docs" / "dags.md"
INTRODUCTION = """\
# The DAGs

Made by `make docs` from the docstrings of the files under `dags/`; change those, not this page.
A DAG's docstring is also its page in the Airflow UI.
"""
_HEADING = re.compile(r"^(#+) ")
_FENCE = re.compile(r"^\s*(```|~~~)")
_OWNER = re.compile(r"^\*\*Owner\*\*:\s*(.+?)\.?\s*$", re.MULTILINE)


class PageError(Exception):
    """A DAG file cannot be described; the message names the file and what it lacks."""


@dataclass(frozen=True)
class DagFile:
    """What the page says of one DAG. ``schedule`` is ready to print."""

    folder: str
    dag_id: str
    title: str
    schedule: str
    owner: str
    text: str


def read_dag_files(dags: Path) -> list[DagFile]:
    """Every DAG below ``dags``, by folder and dag_id.

    Raises:
        PageError: a file has no DAG, more than one, or no docstring with a title and an owner.
    """
    paths = [path for path in dags.rglob("*.py") if path.name != "__init__.py"]
    files = [_read(path, path.parent.relative_to(dags).as_posix()) for path in paths]
    return sorted(files, key=lambda file: (file.folder, file.dag_id))


def render(files: list[DagFile]) -> str:
    """The page's text."""
    table = ["| DAG | what it is | schedule | owner |", "|---|---|---|---|"]
    table += [
        f"| [{file.folder}/{file.dag_id}](#{file.dag_id}) | {file.title} | {file.schedule} "
        f"| {file.owner} |"
        for file in files
    ]
    sections = [f"## {file.dag_id}\n\n{file.text}\n" for file in files]
    return "\n".join([INTRODUCTION, *table, "", *sections])


def difference(page: Path, dags: Path) -> str:
    """How the page differs from what the files say; empty when it does not."""
    shown = page.read_text(encoding="utf-8") if page.exists() else ""
    wanted = render(read_dag_files(dags))
    lines = difflib.unified_diff(
        shown.splitlines(), wanted.splitlines(), "the page", "the DAG files", lineterm="", n=1
    )
    return "\n".join(lines) or ("" if shown == wanted else "only the ends of lines differ")


def _read(path: Path, folder: str) -> DagFile:
    module = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    docstring = ast.get_docstring(module) or ""
    title, _, body = docstring.partition("\n")
    if not title.startswith("# "):
        raise PageError(f"{path}: the docstring must begin with '# ' and the DAG's title")
    calls = list(_dag_calls(module))
    if len(calls) != 1:
        raise PageError(f"{path}: one DAG a file is expected, found {len(calls)}")
    dag_id, call = calls[0]
    owner = _OWNER.search(docstring)
    if owner is None:
        raise PageError(f"{path}: the docstring has no line '**Owner**: <team>'")
    return DagFile(
        folder=folder,
        dag_id=dag_id,
        title=title.removeprefix("# ").strip().rstrip("."),
        schedule=_schedule(call),
        owner=owner[1],
        text=_one_level_deeper(f"{title}\n{body}"),
    )


def _dag_calls(module: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """``@dag(...)`` on a function, and ``DAG("id", ...)``."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _name(decorator.func) == "dag":
                    yield _argument_text(decorator, "dag_id") or node.name, decorator
        elif isinstance(node, ast.Call) and _name(node.func) == "DAG":
            yield _argument_text(node, "dag_id") or "?", node


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == name), None)


def _argument_text(call: ast.Call, name: str) -> str | None:
    value = _argument(call, name) or (call.args[0] if call.args else None)
    return _text(value)


def _text(value: ast.expr | None) -> str | None:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    return None


def _schedule(call: ast.Call) -> str:
    value = _argument(call, "schedule")
    if value is None or (isinstance(value, ast.Constant) and value.value is None):
        return "when started"
    return f"`{_text(value) or ast.unparse(value)}`".replace("|", "\\|")


def _one_level_deeper(text: str) -> str:
    lines, in_fence = [], False
    for line in text.splitlines():
        in_fence ^= bool(_FENCE.match(line))
        deeper = _HEADING.sub(r"#\1# ", line) if not in_fence else line
        lines.append(deeper)
    return "\n".join(lines).rstrip()


def main(arguments: list[str], page: Path = PAGE, dags: Path = DAGS) -> int:
    """Command line; returns the exit code."""
    try:
        if arguments == ["--check"]:
            differs = difference(page, dags)
            if differs:
                sys.stderr.write(f"{page} is not what the DAG files say; run `make docs`.\n")
                sys.stderr.write(f"{differs}\n")
            return 1 if differs else 0
        if arguments:
            sys.stderr.write("usage: python -m sandbox.dag_page [--check]\n")
            return 2
        page.write_text(render(read_dag_files(dags)), encoding="utf-8")
    except (PageError, SyntaxError) as error:
        sys.stderr.write(f"dag page: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
