"""Running code in a process with an Airflow of its own, on SQLite; nothing else runs on it."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
READ_ONCE = """
from airflow.dag_processing import dagbag
from functools import cache
whole, sync = dagbag.BundleDagBag, dagbag.sync_bag_to_db
read = cache(lambda path, name: whole(path, bundle_path=path, bundle_name=name))
synced = cache(lambda bag, *bundle: sync(bag, *bundle))
dagbag.BundleDagBag = lambda dag_folder, bundle_path, bundle_name: read(dag_folder, bundle_name)
dagbag.sync_bag_to_db = synced
"""
"""For code that runs several DAGs: the folder is read and written to Airflow's database once."""
INITIALISE = "from airflow.utils.db import initdb; initdb()"


def airflow_process(code: str, home: Path, *arguments: str, root: Path = ROOT, **more: str) -> str:
    """Run code; returns what it printed, and fails with it when the process fails.

    Args:
        code: Python.
        home: Airflow's home; its database is made there.
        arguments: For ``sys.argv``.
        root: Where the product is.
        more: More variables of the environment.
    """
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "airflow.db").exists():
        shutil.copy(_empty_database(), home / "airflow.db")
    return _run(code, home, *arguments, root=root, **more)


def only(folder: Path, *dag_ids: str) -> Path:
    """A folder with these DAGs alone, for ``run_dags``."""
    files = {path.stem: path for path in (ROOT / "dags").rglob("*.py")}
    folder.mkdir(parents=True)
    for dag_id in dag_ids:
        shutil.copy(files[dag_id], folder)
    return folder


def run_dags(code: str, home: Path, dag_ids: Sequence[str], *arguments: str) -> Any:
    """Run code whose first argument is a folder with these DAGs; what it printed as ``RESULT``.

    ``DAG.test`` reads the whole folder of DAGs anew for each run, so that it holds no others.
    """
    folder = only(home / "dags", *dag_ids)
    more = {"AIRFLOW__CORE__DAGS_FOLDER": str(folder)}
    out = airflow_process(code, home, str(folder), *arguments, **more)
    [line] = [line for line in out.splitlines() if line.startswith("RESULT")]
    return json.loads(line.removeprefix("RESULT"))


@cache
def _empty_database() -> Path:
    """Airflow's database without a DAG; to make it takes longer than most tests."""
    folder = Path(tempfile.mkdtemp(prefix="gtm-airflow-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _run(INITIALISE, folder)
    return folder / "airflow.db"


def _run(code: str, home: Path, *arguments: str, root: Path = ROOT, **more: str) -> str:
    if Coverage.current() and root == ROOT:
        more |= {
            "COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"),
            "COVERAGE_FILE": str(ROOT / ".coverage"),
        }
        code = f"import coverage; coverage.process_startup()\n{code}"
    completed = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=root,
        env=os.environ
        | {
            "PYTHONPATH": str(root),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        }
        | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert completed.returncode == 0, completed.stdout[-4000:] + completed.stderr[-4000:]
    return completed.stdout
