"""Open waits here, in Airflow's own operator and in DBOS, side by side.

``python -m benchmarks.run waits_compared [--part NAME ...] [--waits N,N,...]``. All of it takes
more than half an hour, so each part can be run by itself: its figures are kept in
``results/waits_compared.json`` beside those of the other parts, and the tables show all of them.
``--part tables`` measures nothing and makes the tables again.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.report import RESULTS, load_average

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.report import Report
    from benchmarks.stand import Stand

# All but the last share one sandbox when they are run together; burst, presses and sleeps come
# after the cold waits and leave them open.
ON_AIRFLOW = ("cold", "burst", "press", "sleep", "approval", "hot")
PARTS = (*ON_AIRFLOW, "dbos")
PLAN = (0, 100, 1000, 10_000)
HOT_PLAN = (0, 5, 10, 20, 50, 100, 1000, 10_000)
QUICK_PLAN = (0, 100)
ONLY_TABLES = "tables"
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

    kept = {} if quick and not write else _read()
    for part, name, figures in _measure(parts or PARTS, waits, quick=quick, say=say):
        if write:  # another part may have been measured meanwhile
            kept = _read()
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


def _read() -> dict[str, Any]:
    """The figures kept so far: part, step, figure."""
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def _measure(
    parts: Sequence[str], waits: Sequence[int], *, quick: bool, say: Callable[[str], None]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    from benchmarks.compared import dbos_runner
    from benchmarks.entry_latency import enter
    from benchmarks.stand import stand_up

    wanted = [part for part in ON_AIRFLOW if part in parts]
    if wanted:
        with stand_up(say) as stand:
            for number in range(2):
                enter(stand, f"compared-warm-{number}")
            for part in wanted:
                for name, figures in _on(stand, part, waits, quick=quick, say=say):
                    yield part, name, figures
    if "dbos" in parts:
        plan = tuple(waits) or (QUICK_PLAN if quick else PLAN)
        for name, figures in dbos_runner.measure(plan, quick=quick, say=say):
            yield "dbos", name, figures


def _on(
    stand: Stand,
    part: str,
    waits: Sequence[int],
    *,
    quick: bool,
    say: Callable[[str], None],
) -> Iterator[tuple[str, dict[str, Any]]]:
    from benchmarks.compared import burst, press, sleep, steps
    from benchmarks.compared.clone import remove_runs
    from benchmarks.compared.systems import COLD, SYSTEMS

    if part == "press":
        yield part, press.measure(stand, 5 if quick else 40, say=say)
    elif part == "sleep":
        yield part, sleep.measure(stand, 5 if quick else 20, say=say)
    elif part == "burst":
        COLD.configure(stand)
        yield part, burst.measure(stand, 20 if quick else 1000, say=say)
    else:
        whole = HOT_PLAN if part == "hot" else PLAN
        plan = tuple(waits) or (QUICK_PLAN if quick else whole)
        system = SYSTEMS[part]
        system.configure(stand)
        remove_runs(stand.metadata, stand.product, [system.dag_id for system in SYSTEMS.values()])
        yield from steps.measure(stand, system, plan, quick=quick, say=say)
