"""What each DAG file costs when it is parsed, beyond Airflow's own DAG-writing interface.

Each measurement is a fresh interpreter that has imported ``airflow.sdk`` and made a DAG with the
decorators this repository uses; then the file is imported. SQLAlchemy is imported by Airflow
itself, so only what the file adds is counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.report import Figures, Report, Target
from benchmarks.stand import BenchmarkError
from sandbox.environment import ROOT, shipped_settings

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = ("numpy", "openai", "sqlalchemy", "slack_sdk", "slack_bolt", "psycopg")
MEASUREMENTS = 5
IMPORT_SECONDS = 120.0
LIMIT_SECONDS = 0.3

PROBE = """
import importlib.util, json, sys, time

from airflow.sdk import Label, Param, dag, get_current_context, task


@dag(schedule=None, params={"a": Param(None, type=["null", "string"])})
def warm():
    @task
    def one():
        return 1

    @task.branch
    def two(value):
        return "three"

    @task(trigger_rule="none_failed_min_one_success")
    def three():
        pass

    two(one()) >> Label("label") >> three()


warm()
before = set(sys.modules)
started = time.perf_counter()
spec = importlib.util.spec_from_file_location("measured_dag", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
seconds = time.perf_counter() - started
added = set(sys.modules) - before
print(json.dumps({"seconds": seconds, "added": sorted(added)}))
"""


def probe(path: Path, home: str) -> dict[str, Any]:
    """Import one file in a fresh interpreter: seconds and the modules it added."""
    environment = os.environ | shipped_settings()
    environment |= {"PYTHONPATH": str(ROOT), "AIRFLOW_HOME": home}
    environment |= {"AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags")}
    completed = subprocess.run(
        [sys.executable, "-c", PROBE, str(path)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=IMPORT_SECONDS,
    )
    if completed.returncode != 0:
        last = completed.stderr.strip().splitlines()[-1:] or ["no output"]
        raise BenchmarkError(f"{path.name} cannot be imported: {last[0]}")
    found: dict[str, Any] = json.loads(completed.stdout.strip().splitlines()[-1])
    return found


def measure(*, quick: bool) -> Report:
    """Every file under ``dags/``."""
    files = sorted((ROOT / "dags").rglob("*.py"))
    rows, slowest, heavy_total = [], 0.0, 0
    with tempfile.TemporaryDirectory(prefix="gtm-import-") as home:
        for path in files:
            probe(path, home)  # compiles what is new
            found = [probe(path, home) for _ in range(2 if quick else MEASUREMENTS)]
            seconds = [each["seconds"] for each in found]
            added = set(found[-1]["added"])
            heavy = [name for name in HEAVY if name in added]
            slowest, heavy_total = max(slowest, median(seconds)), heavy_total + len(heavy)
            rows.append(
                (
                    str(path.relative_to(ROOT / "dags")),
                    f"{median(seconds):.3f}",
                    f"{min(seconds):.3f}",
                    f"{max(seconds):.3f}",
                    str(len(added)),
                    ", ".join(heavy) or "none",
                )
            )
    if not rows:
        raise BenchmarkError("there is no DAG file under dags/")
    columns = ("File", "median s", "min s", "max s", "modules added", "heavy ones added")
    return Report(
        name="import_time",
        purpose="Parsing each DAG file in a fresh interpreter, beyond airflow.sdk itself.",
        figures=[
            Figures(
                "Import of each DAG file",
                columns,
                rows,
                f"Heavy: {', '.join(HEAVY)}. airflow.sdk imports SQLAlchemy itself, so it can "
                "only show here if that changes.",
            )
        ],
        targets=[
            Target("slowest DAG file's import", LIMIT_SECONDS, slowest),
            Target("heavy packages added by DAG files", 0, heavy_total, unit="packages"),
        ],
    )
