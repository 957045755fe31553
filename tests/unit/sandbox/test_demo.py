"""The demo's file: good lines are kept, bad ones are told by number and do not stop the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from include.base.errors import FatalError
from sandbox.demo import read_entries
from sandbox.environment import Sandbox
from sandbox.samples import ENTRIES
from sandbox.stack import Stack, StackError

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


def test_a_csv_is_read_as_an_import_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "said.csv"
    path.write_text(
        "customer_pain,severity\nExports time out,high\n\nIt hurts,urgent\n", encoding="utf-8"
    )
    good, bad = read_entries(path)
    assert good.conf == {
        "customer_pain": "Exports time out",
        "severity": "high",
        "source": "import",
    }
    assert good.run_id.startswith("demo__")
    assert "severity 'urgent' is unknown; use one of" in str(bad.problem)


def test_a_spreadsheets_own_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "said.xlsx"
    path.write_bytes(b"PK")
    with pytest.raises(FatalError, match="is no workbook"):
        read_entries(path)


def test_a_sandbox_that_runs_on_other_ports_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ports.json").write_text(
        json.dumps({"AIRFLOW_PORT": 1, "SLACK_SANDBOX_PORT": 2, "EMBEDDINGS_PORT": 3}), "utf-8"
    )
    (tmp_path / "supervisord.conf").write_text("", "utf-8")
    stack = Stack(Sandbox(tmp_path, 4, 5, 6))
    monkeypatch.setattr(stack, "is_running", lambda: True)
    with pytest.raises(StackError, match="runs already, with AIRFLOW_PORT=1 SLACK_SANDBOX_PORT=2"):
        stack.up()
