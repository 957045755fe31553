"""Every pattern of the product over hostile texts of 10,000 characters: none may blow up.

They are found by walking the package, so a new one is tried without being named here. A linear one
takes milliseconds; the quadratic ones that this test has found took half a second and more.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from typing import TYPE_CHECKING

import pytest

import include

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 10_000
MOST_SECONDS = 1.0
SEEDS = [
    *(" ", "\n", "\t", "\r", "\u2028", "<", ">", "a", "1", "-", "*", "_", "`", "(", "&", "|", "'"),
    *("a@", "a.", "1 ", "1.", "A1", '["', "&#", "%4", "http://", "a-", ". ", "\n> ", ": ", "x "),
    *("ignore ", "a_b ", '{"a":', "+1 ", "a/"),
]
HOSTILE = [(seed * SIZE)[:SIZE] for seed in SEEDS] + ["<" + " " * SIZE + "x", ";" + "\n" * SIZE]
ANCHORED = {
    "include.base.json_wrapper._KEY",
    "include.base.json_wrapper._MORE",
    "include.base.phones._DATED",
    "include.relay.listeners.ask_requests._HELP",
    "include.relay.listeners.ask_requests._THANKS",
}
"""Used with ``match`` and ``fullmatch`` alone."""

LEFT_OUT = ("include.store.migrations", "include.web", "include.workflows", "include.operations")
"""Not imported here: they are programs, or need Airflow."""


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for found in pkgutil.walk_packages(include.__path__, "include."):
        if found.name.startswith(LEFT_OUT):
            continue
        for name, value in vars(importlib.import_module(found.name)).items():
            listed = value if isinstance(value, tuple | list) else [value]
            for one in listed:
                if isinstance(one, re.Pattern) and isinstance(one.pattern, str):
                    yield f"{found.name}.{name}", one


PATTERNS = sorted(set(patterns()), key=lambda found: (found[0], found[1].pattern))


def test_the_walk_finds_them() -> None:
    assert len(PATTERNS) > 120
    assert {name for name, _ in PATTERNS} >= ANCHORED


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_a_pattern_takes_no_time_over_a_hostile_text(name: str, pattern: re.Pattern[str]) -> None:
    for text in HOSTILE:
        started = time.process_time()
        if name in ANCHORED:
            pattern.match(text)
            pattern.fullmatch(text)
        else:
            for _ in pattern.finditer(text):
                pass
        assert time.process_time() - started < MOST_SECONDS, repr(text[:10])
