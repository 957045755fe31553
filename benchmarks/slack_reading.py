"""Reading Slack messages of every shape: time a message, and words lost."""

from __future__ import annotations

from random import Random
from time import process_time

from benchmarks.report import Figures, Report, Target, percentile
from benchmarks.slack_messages import Writer, broken, disturbed, missing
from include.slack.reading.message import read_message

MESSAGES, QUICK_MESSAGES = 10_000, 500
TARGET_MILLISECONDS = 5.0


def measure(*, quick: bool) -> Report:
    """Milliseconds of CPU a message, of messages as written, disturbed and broken."""
    random = Random(7)
    writer = Writer(random)
    count = QUICK_MESSAGES if quick else MESSAGES
    times: dict[str, list[float]] = {"as written": [], "disturbed": [], "broken": []}
    lost = 0
    for _ in range(count):
        message = writer.message()
        payloads = {
            "as written": message.payload,
            "disturbed": disturbed(message.payload, random),
            "broken": {key: broken(one, random) for key, one in message.payload.items()},
        }
        for name, payload in payloads.items():
            started = process_time()
            text = read_message(payload).text
            times[name].append((process_time() - started) * 1000)
            lost += name != "broken" and missing(message.words, text) is not None
    rows = [
        (name, f"{percentile(found, 50):.3f}", f"{percentile(found, 99):.3f}")
        for name, found in times.items()
    ]
    worst = max(percentile(found, 99) for found in times.values())
    return Report(
        name="slack_reading",
        purpose=f"Reading {count:,} made-up Slack messages of every shape, three times each.",
        figures=[Figures("Milliseconds of CPU a message", ("messages", "median", "p99"), rows)],
        targets=[
            Target("p99 a message", TARGET_MILLISECONDS, worst, unit="ms"),
            Target("messages that lost a word", 0, float(lost), unit=""),
        ],
    )
