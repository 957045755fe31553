"""The tables of ``waits_compared`` from the figures that its parts kept."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.compared.steps import PROGRAMS, TIMEOUT
from benchmarks.report import Figures, Report, Target, percentile, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

TITLES = {
    "cold": "this system, cold",
    "hot": "this system, hot",
    "approval": "ApprovalOperator",
    "dbos": "DBOS",
}
MANY = "10000"


def report(kept: dict[str, Any]) -> Report:
    """Everything that was measured so far."""
    made = Report(
        name="waits_compared",
        purpose="Open waits in this system (parked cold, and hot), in Airflow's own "
        "ApprovalOperator and in DBOS: what they cost, what a new entry takes beside them, and "
        "how soon an answer takes effect.",
    )
    compared = [name for name in TITLES if name in kept]
    if compared:
        made.figures += [_latency(kept, compared), _idle(kept, compared), _space(kept, compared)]
    if "hot" in kept:
        made.figures.append(_budget(kept["hot"]))
    if "press" in kept:
        made.figures.append(_press(kept["press"]["press"]))
    if "sleep" in kept:
        made.figures.append(_sleep(kept["sleep"]["sleep"]))
    if "burst" in kept:
        made.figures.append(_burst(kept["burst"]["burst"]))
    made.figures.append(_parts(kept))
    made.targets += _targets(kept)
    return made


def _steps(figures: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(figures.items(), key=lambda item: int(item[0]))


def _latency(kept: dict[str, Any], compared: Sequence[str]) -> Figures:
    rows = []
    for name in compared:
        for waits, step in _steps(kept[name]):
            rows.append(
                (
                    TITLES[name],
                    waits,
                    _p50(step["entry"]),
                    _p95(step["entry"]),
                    _p50(step["wake"]),
                    _p95(step["wake"]),
                    f"{len(step['entry'])} / {len(step['wake'])}",
                )
            )
    return Figures(
        "A new entry, and an answer, beside N open waits: seconds",
        ("System", "Open waits", "entry p50", "p95", "answer p50", "p95", "entries / answers"),
        rows,
        "An entry is a run of process_customer_entry that is attached (four tasks), from its "
        "acceptance to the end of the run; for DBOS a workflow of four steps that do nothing. An "
        "answer counts from the press to the start of the next task of the same run (DBOS: from "
        "the send to the start of the next step). Measured one after the other; at 1,000 "
        "and more hot or ApprovalOperator waits one of each, at the same time. "
        f"'> {TIMEOUT:.0f}' was not done after {TIMEOUT:.0f} s and was given up. "
        "Waits at 0 were opened for the answer.",
    )


def _idle(kept: dict[str, Any], compared: Sequence[str]) -> Figures:
    rows = []
    for name in compared:
        for waits, step in _steps(kept[name]):
            transactions, cpu = step["transactions"], step["cpu"]
            own = "dbos" if name == "dbos" else "feedback"
            rows.append(
                (
                    TITLES[name],
                    waits,
                    str(step["waiting"]),
                    f"{transactions[own]:.2f}",
                    f"{transactions['airflow']:.1f}" if "airflow" in transactions else "-",
                    *(f"{cpu[p]:.1f}" if p in cpu else "-" for p in PROGRAMS[:2]),
                    f"{cpu['dbos']:.1f}" if "dbos" in cpu else "-",
                )
            )
    return Figures(
        "Nothing happens for 20 s (DBOS: a minute)",
        (
            "System",
            "Open waits",
            "of them in place",
            "product transactions/s",
            "Airflow transactions/s",
            "triggerer CPU %",
            "scheduler CPU %",
            "DBOS process CPU %",
        ),
        rows,
        "CPU is of one core, over the process tree. Product is this product's database, or that "
        "of DBOS, whose waits each look at the database once a minute. The operator uses none: "
        "what is shown there is the product's watch over nothing.",
    )


def _space(kept: dict[str, Any], compared: Sequence[str]) -> Figures:
    rows = []
    for name in compared:
        for waits, step in _steps(kept[name]):
            if int(waits) == 0 or step["copies"] < 5000:
                continue
            base = kept[name].get("0", {}).get("memory")
            size = {key: value / step["copies"] for key, value in step["bytes"].items()}
            own = size.get("dbos", size.get("feedback", 0.0))
            per = "-" if base is None else f"{(step['memory'] - base) / int(waits) / 1024:+.1f}"
            rows.append(
                (
                    TITLES[name],
                    waits,
                    f"{step['memory'] / 2**20:.0f}",
                    per,
                    f"{own:.0f}",
                    f"{size['airflow']:.0f}" if "airflow" in size else "-",
                )
            )
    return Figures(
        "Memory and database per open wait",
        (
            "System",
            "Open waits",
            "process MiB",
            "KiB per wait",
            "product bytes per wait",
            "Airflow bytes per wait",
        ),
        rows,
        "Memory is what the triggerer's processes (for DBOS: its process) share with no other, "
        "against none open. Database is the growth of the files, indexes included, while this "
        "step's waits were made (not shown for few waits: files grow in steps). Airflow keeps its "
        "own history of every run, whatever the run "
        "does.",
    )


def _budget(figures: dict[str, Any]) -> Figures:
    rows = [
        (
            waits,
            _p50(step["entry"]),
            _p95(step["entry"]),
            f"{step['cpu']['scheduler']:.1f}",
            f"{step['transactions']['airflow']:.1f}",
            _p50(step["wake"]),
        )
        for waits, step in _steps(figures)
        if int(waits) <= 100
    ]
    return Figures(
        "Few hot waits: what a budget (setting hot_waits) costs",
        (
            "Hot waits",
            "entry p50 s",
            "p95 s",
            "scheduler CPU %",
            "Airflow transactions/s",
            "answer p50 s",
        ),
        rows,
    )


def _press(figures: dict[str, Any]) -> Figures:
    names = {
        "stored": "decision stored and visible to others",
        "acknowledged": "the relay has acknowledged",
        "locked": "card locked in Slack's stand-in",
    }
    return Figures(
        "A press on a real question's button, through the relay",
        ("Until", "n", "p50", "p95", "min", "max"),
        [(title, *spread(figures[name])) for name, title in names.items()],
        "Real entries that asked, pressed every three seconds, while the run of the press before "
        "may still be at work.",
    )


def _sleep(figures: dict[str, Any]) -> Figures:
    names = {
        "hot": "hot: due -> next task started",
        "cold": "parked: due -> next task started",
        "ready": "all of Airflow started again: command -> healthy",
        "down": "due while all was down: command -> next task started",
    }
    return Figures(
        "Sleeps that end",
        ("What", "n", "p50", "p95", "min", "max"),
        [(title, *spread(figures[name])) for name, title in names.items()],
        "Sleeps that end two seconds apart. Then five hot and five parked ones whose time comes "
        "while every program of Airflow is stopped; these count from the command that starts them.",
    )


def _burst(figures: dict[str, Any]) -> Figures:
    ratio = figures["seconds"] / figures["floor"]
    moved, wake = figures["moved"], figures["wake"]
    rows = [
        ("answers given / carried out", f"{figures['answers']} / {figures['carried_out']}"),
        ("other parked runs meanwhile", f"{figures['beside']}"),
        ("given within", f"{figures['given']:.1f} s"),
        ("first answer -> last task done", f"{figures['seconds']:.1f} s"),
        ("floor: as many runs of one empty task, started at once", f"{figures['floor']:.1f} s"),
        ("ratio to the floor", f"{ratio:.2f}"),
        ("answer -> next task started, p50", f"{wake['p50']:.1f} s"),
        ("answer -> next task started, p95", f"{wake['p95']:.1f} s"),
        ("places moved against the order of the answers, p50", f"{moved['p50']:.0f}"),
        ("places moved, most", f"{moved['most']}"),
    ]
    return Figures(
        "A burst of answers to parked runs",
        ("What", "Measured"),
        rows,
        "The answers are spread over ten seconds. The floor's runs are made while it is measured, "
        "with four clients; the parked runs exist already. Airflow runs four tasks at once here. "
        "Places: a run's place among the starts against its place among the answers.",
    )


def _parts(kept: dict[str, Any]) -> Figures:
    rows = []
    for part, figures in sorted(kept.items()):
        for waits, step in sorted(figures.items(), key=lambda item: item[0].zfill(9)):
            rows.append((part, waits, step["date"], step["load"], "yes" if step["quick"] else ""))
    return Figures(
        "When each part was run",
        ("Part", "Open waits", "date", "load average after (1, 5, 15 min)", "quick"),
        rows,
        "Of the waits a handful per step are real runs and the rest are copies of one of them, "
        "made by SQL: all rows that the real run has in Airflow's and the product's database, "
        "under new names. DBOS's are all real workflows.",
    )


def _targets(kept: dict[str, Any]) -> list[Target]:
    found = []
    cold = kept.get("cold", {})
    none, many = cold.get("0"), cold.get(MANY)
    if none and many:
        entries = [value for value in many["entry"] if value is not None]
        whole = len(entries) == len(many["entry"])
        ratio = median(entries) / median(none["entry"]) if whole else None
        per_second = many["transactions"]["feedback"]
        triggerer = many["cpu"]["triggerer"] - none["cpu"]["triggerer"]
        found += [
            Target("new entry beside 10,000 cold waits / beside none, p50", 1.3, ratio, unit="x"),
            Target("triggerer CPU at 10,000 above none", 3.0, triggerer, unit="% of a core"),
            Target("product queries a second at 10,000", 2.0, per_second, unit="/s"),
            Target(
                "product bytes a wait at 10,000",
                2048,
                many["bytes"]["feedback"] / many["copies"],
                unit="bytes",
            ),
        ]
    if many:
        found.append(Target("cold answer -> next task, p50, at 10,000", 5.0, _value(many["wake"])))
    if "0" in kept.get("hot", {}):
        wakes = kept["hot"]["0"]["wake"]
        found.append(Target("hot answer -> next task, p50, alone", 2.0, _value(wakes)))
    if "press" in kept:
        figures = kept["press"]["press"]
        for name, title, limit in (
            ("stored", "press -> decision stored, p95", 0.1),
            ("locked", "press -> card locked, p95", 0.5),
        ):
            found.append(Target(title, limit, percentile(figures[name], 95)))
    if "sleep" in kept:
        figures = kept["sleep"]["sleep"]
        after = max(figures["down"]) - figures["ready"][0]
        found += [
            Target("hot sleep: due -> next task, longest", 5.0, max(figures["hot"])),
            Target("parked sleep: due -> next task, longest", 5.0, max(figures["cold"])),
            Target("due while all was down: Airflow healthy -> next task, longest", 10.0, after),
        ]
    if "burst" in kept:
        figures = kept["burst"]["burst"]
        missing = figures["answers"] - figures["carried_out"]
        ratio = figures["seconds"] / figures["floor"]
        found += [
            Target("burst: answers not carried out", 0, missing, unit="answers"),
            Target("burst: time / floor", 1.3, ratio, unit="x"),
        ]
    return found


def _value(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if len(known) == len(values) and known else None


def _p50(values: Sequence[float | None]) -> str:
    return _shown(values, 50)


def _p95(values: Sequence[float | None]) -> str:
    return _shown(values, 95)


def _shown(values: Sequence[float | None], percent: float) -> str:
    if not values:
        return "-"
    ordered = [TIMEOUT + 1 if value is None else value for value in values]
    value = median(ordered) if percent == 50 else percentile(ordered, percent)
    if value > TIMEOUT:
        return f"> {TIMEOUT:.0f}"
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"
