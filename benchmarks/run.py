"""All benchmarks with one command: ``python -m benchmarks.run [name ...] [--quick]``.

Each prints its tables and writes ``benchmarks/results/<name>.md``; a summary of the must-reach
values ends the run. A figure never fails it; a benchmark that could not be measured makes the exit
code 1. Those that need Airflow share one fresh sandbox, which is stopped and removed at the end.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.report import (
    Report,
    Target,
    machine_facts,
    print_report,
    print_targets,
    write_report,
)
from benchmarks.waits_compared import ONLY_TABLES, PARTS
from sandbox.environment import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WITHOUT_AIRFLOW = (
    *("import_time", "slack_reading", "import_file", "search", "sync", "import_batch", "related"),
    *("insights", "agents"),
)
# open_waits leaves its waits parked, so it comes last.
WITH_AIRFLOW = ("button_latency", "entry_latency", "one_run_each", "open_waits")
DEFAULT = (*WITHOUT_AIRFLOW, *WITH_AIRFLOW)
# More than half an hour, with sandboxes of its own: only when it is named.
BURSTS = ("burst", "burst_relay", "burst_runs")
GROWN = ("lists", "pages", "search_million", "search_evidence")
WHEN_NAMED = (
    "relay_load",
    "relay_burst",
    "task_processes",
    "scale",
    *GROWN,
    *BURSTS,
    "waits_compared",
)
NAMES = (*DEFAULT, *WHEN_NAMED)


class Session:
    """One invocation: what was asked for, and what has been measured so far."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        quick: bool,
        write: bool,
        console: Console,
        parts: Sequence[str] = (),
        waits: Sequence[int] = (),
    ) -> None:
        self.names = names
        self.parts = parts
        self.waits = waits
        self.quick = quick
        self.write = write
        self.console = console
        self.facts = machine_facts()
        arguments = [
            *(names if set(names) != set(DEFAULT) else []),
            *(["--quick"] if quick else []),
        ]
        cluster = "CLUSTER=1 " if Sandbox.from_environment().cluster else ""
        self.command = cluster + " ".join(["python -m benchmarks.run", *arguments])
        self.targets: list[Target] = []
        self.problems: list[str] = []

    def run(self) -> None:
        """Measure everything asked for; one benchmark's failure does not stop the others."""
        from benchmarks import (
            agents,
            import_batch,
            import_file,
            import_time,
            insights,
            lists,
            pages,
            related,
            relay_burst,
            relay_load,
            search,
            slack_reading,
            sync,
            waits_compared,
        )

        if "import_time" in self.names:
            self._one("import_time", lambda: import_time.measure(quick=self.quick))
        for name in search.SIZES:
            if name in self.names:
                self._one(name, partial(search.measure, name, quick=self.quick))
        for name, module in (("slack_reading", slack_reading), ("import_file", import_file)):
            if name in self.names:
                self._one(name, partial(module.measure, quick=self.quick))
        if "relay_load" in self.names:
            self._one("relay_load", lambda: relay_load.measure(quick=self.quick))
        if "relay_burst" in self.names:
            self._one("relay_burst", lambda: relay_burst.measure(quick=self.quick))
        for name, module in (("lists", lists), ("pages", pages)):
            if name in self.names:
                self._one(name, partial(module.measure, quick=self.quick))
        for name, module in (("sync", sync), ("import_batch", import_batch), ("related", related)):
            if name in self.names:
                self._one(name, partial(module.measure, quick=self.quick))
        if "insights" in self.names:
            self._one("insights", lambda: insights.measure(quick=self.quick))
        if "agents" in self.names:
            self._one("agents", lambda: agents.measure(quick=self.quick))
        wanted = [name for name in WITH_AIRFLOW if name in self.names]
        if wanted:
            self._with_airflow(wanted)
        if "task_processes" in self.names:
            self._task_processes()
        if "scale" in self.names:
            self._scale()
        for name in BURSTS:
            if name in self.names:
                self._burst(name)
        if "waits_compared" in self.names:
            self._one(
                "waits_compared",
                lambda: waits_compared.measure(
                    self.parts, self.waits, quick=self.quick, write=self.write, say=self.say
                ),
            )

    def _with_airflow(self, wanted: Sequence[str]) -> None:
        from benchmarks import button_latency, entry_latency, one_run_each, open_waits
        from benchmarks.stand import stand_up

        with stand_up(self.say) as stand:
            measures: dict[str, Callable[[], Report]] = {
                "button_latency": lambda: button_latency.measure(stand, quick=self.quick),
                "entry_latency": lambda: entry_latency.measure(stand, quick=self.quick),
                "one_run_each": lambda: one_run_each.measure(stand, quick=self.quick),
                "open_waits": lambda: open_waits.measure(stand, quick=self.quick, say=self.say),
            }
            for name in wanted:
                self._one(name, measures[name])

    def _task_processes(self) -> None:
        from benchmarks import task_processes
        from benchmarks.stand import stand_up

        with stand_up(self.say, task_processes.EXECUTOR) as stand:
            self._one("task_processes", lambda: task_processes.measure(stand, quick=self.quick))

    def _scale(self) -> None:
        from benchmarks import scale
        from benchmarks.stand import stand_up

        with stand_up(self.say) as stand:
            self._one("scale", lambda: scale.measure(stand, quick=self.quick, say=self.say))

    def _burst(self, name: str) -> None:
        from benchmarks import burst
        from benchmarks.stand import stand_up

        with stand_up(self.say) as stand:
            measure = partial(burst.measure, stand, name, quick=self.quick, say=self.say)
            self._one(name, measure)

    def say(self, message: str) -> None:
        """Progress, dimmed."""
        self.console.print(f"[dim]{message} ...")

    def _one(self, name: str, measure: Callable[[], Report]) -> None:
        self.say(f"Measuring {name}")
        started = time.monotonic()
        try:
            report = measure()
        except Exception as error:
            traceback.print_exc()
            self.problems.append(f"{name}: {error}")
            return
        print_report(report, self.console)
        self.targets += report.targets
        took = f"{time.monotonic() - started:.0f} s"
        if Sandbox.from_environment().cluster:
            report.name += "_cluster"
        if self.write:
            path = write_report(report, [*self.facts, ("took", took)], self.command)
            self.console.print(f"[dim]Written to {path}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Run the benchmarks and print their figures.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions; figures are rough")
    parser.add_argument("--no-write", action="store_true", help="leave benchmarks/results/ alone")
    compared = parser.add_argument_group("waits_compared")
    compared.add_argument(
        "--part", action="append", default=[], choices=(*PARTS, ONLY_TABLES), help="repeatable"
    )
    compared.add_argument(
        "--waits", default="", metavar="N,N", help="open waits at each step, ascending"
    )
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(NAMES))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    # SIGTERM ends it as Ctrl-C does: the sandbox is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(width=None if sys.stdout.isatty() else 150)
    session = Session(
        options.names or DEFAULT,
        quick=options.quick,
        write=not options.no_write,
        console=console,
        parts=options.part,
        waits=sorted(int(number) for number in options.waits.split(",") if number),
    )
    code = 0
    try:
        session.run()
    except KeyboardInterrupt:
        session.problems.append("interrupted")
        code = 130
    except Exception as error:
        traceback.print_exc()
        session.problems.append(str(error))
    if session.targets:
        print_targets(session.targets, console)
    for problem in session.problems:
        console.print(f"[red]Not measured:[/] {problem}", markup=True, highlight=False)
    return code or (1 if session.problems else 0)


if __name__ == "__main__":
    sys.exit(main())
