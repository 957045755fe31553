"""The measurement runs the product's own path on a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.evaluate import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

REQUESTS = {
    "csv": "Export the table as CSV",
    "dark": "Dark mode for the dashboard",
    "sso": "Log in with single sign-on",
    "fast": "Search in the archive is slow",
    "hook": "Webhooks when an invoice is paid",
    "lang": "Translate the app into Polish",
    "mail": "Unsubscribe from reminder mails",
}
ENTRIES = [
    ("download the table as a CSV file", ["csv"]),
    ("a dark theme for the dashboard please", ["dark"]),
    ("our owls are hungry tonight", []),
]


def test_a_folder_is_measured_from_its_text_to_its_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EMBEDDINGS_BASE_URL", raising=False)
    requests = [{"id": key, "title": title, "description": ""} for key, title in REQUESTS.items()]
    entries = [
        {"id": str(number), "text": text, "gold": gold}
        for number, (text, gold) in enumerate(ENTRIES)
    ]
    for name, rows in (("requests", requests), ("entries", entries)):
        lines = "\n".join(json.dumps(row) for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    assert main([str(tmp_path)]) == 0
    printed = {
        line.split("  ")[1]: line.split()
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("  ")
    }
    assert printed["recall@1"][1] == "1.000"
    assert printed["attached: precision"][2] == "1.000"
    assert printed["new entries attached (share)"][4] == "0.000"
    assert printed["cost per entry"][3] == "0.000"


def test_a_folder_without_data_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "neither requests.jsonl nor pairs.jsonl" in capsys.readouterr().err
