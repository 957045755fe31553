from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "airflow",
    "numpy",
    "openai",
    "phonenumbers",
    "psycopg",
    "pydantic",
    "sqlalchemy",
    "starlette",
)
CORE = (
    "include.base.errors",
    "include.matching.embed",
    "include.matching.judge",
    "include.matching.route",
    "include.agents.client",
    "include.agents.draft",
    "include.agents.judge",
    "include.agents.request_draft",
    "include.matching.heard",
)


def test_importing_the_core_loads_nothing_heavy() -> None:
    lines = [f"import {name}" for name in CORE]
    lines.append("import sys")
    lines.append(f"print([name for name in {HEAVY!r} if name in sys.modules])")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
