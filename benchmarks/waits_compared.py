"""Open waits here, in Airflow's own operator and in DBOS, side by side.

``python -m benchmarks.run waits_compared [--part NAME ...] [--waits N,N,...]``. All of it takes
more than half an hour, so each part can be run by itself: its figures are kept in
``results/waits_compared.json`` beside those of the other parts, and the tables show all of them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.report import RESULTS, load_average

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.report import Report

PARTS = ("cold", "dbos", "hot", "approval", "budget", "press", "burst")
PLAN = (0, 100, 1000, 10_000)
QUICK_PLAN = (0, 100)
BUDGET_PLAN = (0, 5, 10, 20, 50)
KEPT = RESULTS / "waits_compared.json"


def measure(
    parts: Sequence[str],
    waits: Sequence[int],
    *,
    quick: bool,
    write: bool,
    say: Callable[[str], None],
) -> Report:
    """Measure these parts (all, if none is named); the report shows what earlier runs kept, too."""
    from benchmarks.compared.tables import report

    kept: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    if quick and not write:
        kept = {}
    for part in parts or PARTS:
        for name, figures in _measure(part, waits, quick=quick, say=say):
            when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
            kept.setdefault(part, {})[name] = figures | {
                "date": when,
                "load": load_average(),
                "quick": quick,
            }
            if write:  # at once: what follows may fail
                text = json.dumps(kept, indent=1, sort_keys=True)
                KEPT.write_text(text + "\n", encoding="utf-8")
    return report(kept)


def _measure(
    part: str, waits: Sequence[int], *, quick: bool, say: Callable[[str], None]
) -> Iterator[tuple[str, dict[str, Any]]]:
    from benchmarks.compared import burst, dbos_runner, press, steps
    from benchmarks.compared.systems import HOT, SYSTEMS

    plan = tuple(waits) or (QUICK_PLAN if quick else PLAN)
    match part:
        case "press":
            yield part, press.measure(5 if quick else 30, say=say)
        case "burst":
            yield part, burst.measure(20 if quick else 150, say=say)
        case "dbos":
            yield from dbos_runner.measure(plan, quick=quick, say=say)
        case "budget":
            plan = tuple(waits) or (BUDGET_PLAN[:3] if quick else BUDGET_PLAN)
            yield from steps.measure(HOT, plan, quick=quick, say=say)
        case _:
            yield from steps.measure(SYSTEMS[part], plan, quick=quick, say=say)
