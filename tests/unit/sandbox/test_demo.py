"""The demo's file: good lines are kept, bad ones are told by number and do not stop the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sandbox.demo import read_entries
from sandbox.samples import ENTRIES

if TYPE_CHECKING:
    from pathlib import Path

GOOD = json.dumps({"customer_pain": "It hurts"})


def test_the_sample_file_has_no_bad_line() -> None:
    lines = read_entries(ENTRIES)
    assert len(lines) == 12
    assert [line.problem for line in lines] == [None] * 12
    assert len({line.run_id for line in lines}) == 12


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"{not json}", "not JSON"),
        (b'"a text"', "a JSON str, not an object"),
        (b"[1]", "a JSON list, not an object"),
        (b"{}", "customer_pain is missing"),
        (b'{"customer_pain": "  "}', "missing or blank"),
        (b'{"customer_pain": "x", "severity": "urgent"}', "severity 'urgent'"),
        (b'{"customer_pain": "caf\xe9"}', "not UTF-8"),
        (b'{"customer_pain": "' + b"x" * 10_001 + b'"}', "10001 characters"),
        (b'{"customer_pain": "' + b"x" * 200_000 + b'"}', "at most 200000"),
    ],
)
def test_a_bad_line_is_told_by_number_and_the_others_are_processed(
    tmp_path: Path, bad: bytes, said: str
) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode() + b"\n\n" + bad + b"\n" + GOOD.encode())
    first, broken, last = read_entries(path)
    assert (first.number, broken.number, last.number) == (1, 3, 4)
    assert said in str(broken.problem)
    assert broken.run_id == ""
    assert first.problem is last.problem is None
    assert first.conf["source"] == "import"


def test_the_same_line_has_the_same_run_and_another_line_another(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(GOOD + "\n" + GOOD.replace("hurts", "aches") + "\n" + GOOD)
    one, two, three = read_entries(path)
    assert one.run_id == three.run_id != two.run_id
