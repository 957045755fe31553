"""What Airflow loads from ``plugins/``: registrations that cost a component next to nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "plugins").glob("*.py"))
HEAVY = ("fastapi", "numpy", "openai", "slack_bolt", "slack_sdk", "sqlalchemy.dialects.postgresql")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_plugin_registers_and_does_nothing_else(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert {type(node) for node in tree.body} <= {
        ast.Expr,
        ast.Import,
        ast.ImportFrom,
        ast.ClassDef,
        ast.If,
    }
    conditions = [ast.unparse(node.test) for node in tree.body if isinstance(node, ast.If)]
    assert set(conditions) <= {"TYPE_CHECKING"}
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported.isdisjoint({"sys", "os", "threading"})


def test_the_plugins_are_found() -> None:
    assert {"feedback_intake", "pages", "preload", "slack_relay"} <= {path.stem for path in FILES}


def test_loading_them_imports_no_app() -> None:
    program = f"""
import sys
import airflow.plugins_manager
before = set(sys.modules)
import plugins.feedback_intake, plugins.pages, plugins.preload, plugins.slack_relay
print(sorted(set({HEAVY!r}) & (set(sys.modules) - before)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_views_have_addresses_that_work_below_a_path_and_icons_that_exist() -> None:
    from include.web.rendering import STATIC
    from plugins.pages import PagesPlugin

    views = [*PagesPlugin.external_views, *PagesPlugin.react_apps]
    assert len({view["url_route"] for view in views}) == len(views) == 3
    for view in views:
        for name in ("href", "icon", "bundle_url"):
            address = view.get(name, "gtm-feedback/")
            # Airflow resolves them against its own path; with a leading slash that is lost.
            assert address.startswith("gtm-feedback/")
            if "/static/" in address:
                assert (STATIC / address.rpartition("/")[2]).is_file()
