"""What a benchmark hands back, and how it is printed and written."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psutil
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Figures:
    """One table: what its figures are, a header and rows of ready text."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


@dataclass(frozen=True)
class Target:
    """A value that must be reached: at most ``limit``. ``measured`` is ``None`` when it failed."""

    what: str
    limit: float
    measured: float | None
    unit: str = "s"

    @property
    def verdict(self) -> str:
        """In words; a missed value is reported and never fails the build."""
        if self.measured is None:
            return "not measured"
        return "reached" if self.measured <= self.limit else "MISSED"

    def row(self) -> tuple[str, str, str, str]:
        """For a table."""
        measured = "-" if self.measured is None else f"{_short(self.measured)} {self.unit}"
        return self.what, f"<= {_short(self.limit)} {self.unit}", measured, self.verdict


@dataclass
class Report:
    """The outcome of one benchmark."""

    name: str
    purpose: str
    figures: list[Figures] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)


TARGET_COLUMNS = ("What", "Must reach", "Measured", "Verdict")


def percentile(values: Sequence[float], percent: float) -> float:
    """The value at ``percent`` of the sorted values (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


def spread(values: Sequence[float]) -> tuple[str, str, str, str, str]:
    """n, p50, p95, smallest and largest, in seconds."""
    if not values:
        return "0", "-", "-", "-", "-"
    return (
        str(len(values)),
        f"{median(values):.3f}",
        f"{percentile(values, 95):.3f}",
        f"{min(values):.3f}",
        f"{max(values):.3f}",
    )


def load_average() -> str:
    """Of the last 1, 5 and 15 minutes."""
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def machine_facts() -> list[tuple[str, str]]:
    """What the figures depend on."""
    memory = psutil.virtual_memory().total / 2**30
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
        cwd=RESULTS.parent,
    ).stdout.strip()
    return [
        ("cores", str(os.cpu_count())),
        ("memory", f"{memory:.1f} GiB"),
        ("Python", platform.python_version()),
        ("Airflow", importlib.metadata.version("apache-airflow-core")),
        ("commit", commit or "unknown"),
        ("load average before (1, 5, 15 min)", load_average()),
        ("date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
    ]


def print_report(report: Report, console: Console) -> None:
    """The tables of one benchmark."""
    console.print(f"\n[bold]{report.name}[/]: {report.purpose}")
    for figures in report.figures:
        console.print(_table(figures.title, figures.columns, figures.rows))
        if figures.note:
            console.print(f"[dim]{figures.note}")


def print_targets(targets: Sequence[Target], console: Console) -> None:
    """What must be reached, and whether it was."""
    rows = [target.row() for target in targets]
    console.print(_table("Must-reach values", TARGET_COLUMNS, rows))


def write_report(report: Report, facts: Sequence[tuple[str, str]], command: str) -> Path:
    """``results/<name>.md``."""
    lines = [f"# {report.name}", "", report.purpose, ""]
    lines += [f"Made by `{command}`.", ""]
    lines += _markdown(("Machine", ""), facts)
    for figures in report.figures:
        lines += [f"## {figures.title}", "", *_markdown(figures.columns, figures.rows)]
        if figures.note:
            lines += [figures.note, ""]
    if report.targets:
        rows = [target.row() for target in report.targets]
        lines += ["## Must-reach values", "", *_markdown(TARGET_COLUMNS, rows)]
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{report.name}.md"
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return path


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for position, column in enumerate(columns):
        table.add_column(column, justify="right" if position else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    divider = "|".join([" --- ", *[" ---: "] * (len(columns) - 1)])
    lines = [f"| {' | '.join(columns)} |", f"|{divider}|"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
