"""What masking finds, what it wrongly hides, and what it costs: ``python -m benchmarks.masking``.

Prints recall and false alarms on the tests' corpus, the time for 10,000 characters of four kinds
of text, and what the first import and the first text cost a fresh process.
"""

from __future__ import annotations

import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

from include.base.masking import masked
from tests.masking_lookalikes import LOOKALIKES
from tests.masking_samples import SAMPLES

LENGTH = 10_000
FRESH = """
import time
began = time.process_time()
import include.base.masking as masking
imported = time.process_time()
masking.masked("the first text")
first = time.process_time()
masking.masked("see 030 901820")
print(imported - began, first - imported, time.process_time() - first)
"""


def main() -> None:
    """Measure and print."""
    console = Console()
    found = sum(value not in masked(said.format(value)) for said, value in SAMPLES)
    wrong = sum(masked(text) != text for text in LOOKALIKES)
    console.print(
        f"hidden: {found} of {len(SAMPLES)}; wrongly hidden: {wrong} of {len(LOOKALIKES)}"
    )
    table = Table("text of 10,000 characters", "milliseconds")
    for name, text in _texts().items():
        table.add_row(name, f"{1000 * min(_seconds(text) for _ in range(5)):.1f}")
    console.print(table)
    ran = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=True)
    parts = ("import", "first text", "first number (loads phonenumbers)")
    for part, seconds in zip(parts, map(float, ran.stdout.split()), strict=True):
        console.print(f"fresh process, {part}: {1000 * seconds:.0f} ms of CPU")


def _texts() -> dict[str, str]:
    texts = {
        "look-alikes": " ".join(LOOKALIKES),
        "values in sentences": " ".join(said.format(value) for said, value in SAMPLES),
        "Japanese": "請求書の表を書き出すと行が失われます。",
        "digits": "123 45 6789 01 ",
    }
    return {name: (text * LENGTH)[:LENGTH] for name, text in texts.items()}


def _seconds(text: str) -> float:
    began = time.process_time()
    masked(text)
    return time.process_time() - began


if __name__ == "__main__":
    main()
