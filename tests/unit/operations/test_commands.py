"""Every command that the runbook and the Slack page show is one, and neither needs SQL."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from include.operations.__main__ import _parser, main, table

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES = ("operations.md", "slack.md")
COMMAND = re.compile(r"^python -m include\.operations (.+?)(?:\s+[#>].*)?$", re.M)
COMMANDS = [one for page in PAGES for one in COMMAND.findall((DOCS / page).read_text("utf-8"))]


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_every_command_of_the_pages_is_one(command: str) -> None:
    _parser().parse_args(shlex.split(command.replace("ENTRY", "7")))


def test_the_pages_have_commands_and_no_sql() -> None:
    assert len(COMMANDS) > 20
    for page in PAGES:
        assert "```sql" not in (DOCS / page).read_text("utf-8")


def test_without_a_command_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    assert "set-thresholds" in capsys.readouterr().out


def test_rows_are_shown_in_columns() -> None:
    shown = table([{"entry": 7, "why": None}, {"entry": 12, "why": "x " * 60}])
    assert shown.splitlines()[:2] == ["entry  why", "7      -"]
    assert len(shown.splitlines()[2]) <= 7 + 60
