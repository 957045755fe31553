"""The measurement runs the product's own path on a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.evaluate import main
from benchmarks.evaluate_stream import main as evaluate_stream
from benchmarks.fit_calibration import main as fit_calibration
from benchmarks.fit_judge import main as fit_judge
from include.matching.heard import parse_judge

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.chat import Chat

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
    monkeypatch.delenv("AIRFLOW_CONN_GTM_FEEDBACK_LLM", raising=False)
    assert main([str(folder_of(tmp_path / "data")), "--out", str(tmp_path / "report")]) == 0
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


def folder_of(path: Path) -> Path:
    requests = [{"id": key, "title": title, "description": ""} for key, title in REQUESTS.items()]
    entries = [
        {"id": str(number), "text": words, "gold": gold}
        for number, (words, gold) in enumerate(ENTRIES)
    ]
    path.mkdir()
    for name, rows in (("requests", requests), ("entries", entries)):
        lines = "\n".join(json.dumps(row) for row in rows)
        (path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return path


def test_a_model_is_measured_beside_the_matcher_and_asked_once(
    tmp_path: Path,
    chat: Chat,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("EMBEDDINGS_BASE_URL", raising=False)
    monkeypatch.setenv("AIRFLOW_CONN_GTM_FEEDBACK_LLM", chat.connection())
    folder, out = folder_of(tmp_path / "data"), tmp_path / "out"
    assert main([str(folder), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "data, judged by sandbox-words: 3 entries" in printed
    assert "answered 3 of 3" in printed
    assert "US dollars per 1,000 entries" in printed
    report = (out / "report.md").read_text(encoding="utf-8")
    assert "| | without a model | sandbox-words |" in report
    assert (out / "set-1.png").stat().st_size > 10_000
    assert len(chat.seen()) == 3

    fitted = tmp_path / "judge.json"
    answers = ["--answers", str(out / "answers.jsonl")]
    assert fit_judge([str(folder), "--out", str(fitted), *answers]) == 0
    content = json.loads(fitted.read_text(encoding="utf-8"))
    assert content["model"] == "sandbox-words"
    assert parse_judge(content).cap == 1.0
    assert len(chat.seen()) == 3


def test_a_fit_without_a_model_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_GTM_FEEDBACK_LLM", raising=False)
    assert fit_judge([str(tmp_path)]) == 2
    assert "AIRFLOW_CONN_GTM_FEEDBACK_LLM" in capsys.readouterr().err


def test_a_stream_is_measured_by_fits_on_the_other_folders_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EMBEDDINGS_BASE_URL", raising=False)
    one, two = folder_of(tmp_path / "one"), folder_of(tmp_path / "two")
    left_out, plot = tmp_path / "left-out", tmp_path / "plot.svg"
    assert fit_calibration([str(one), str(two), "--left-out", str(left_out)]) == 0
    fitted = json.loads((left_out / "one.json").read_text(encoding="utf-8"))
    assert fitted["fitted_on"] == {"two": 3}

    stream = [str(one), "--orders", "2", "--variants", "with evidence"]
    assert evaluate_stream([*stream, "--plot", str(plot)]) == 0
    assert _all_entries(capsys.readouterr().out) == ["1.000", "1.000", "0.000", "0.000", "0.000"]
    assert "one: coverage" in plot.read_text(encoding="utf-8")

    fitted["vector"] |= {
        "intercept": -30.0,
        "weights": dict.fromkeys(fitted["vector"]["weights"], 0),
    }
    unsure = left_out / "unsure.json"
    unsure.write_text(json.dumps(fitted), encoding="utf-8")
    assert evaluate_stream([*stream, "--calibration", str(unsure)]) == 0
    assert _all_entries(capsys.readouterr().out)[1:4] == ["0.000", "0.000", "1.000"]


def _all_entries(printed: str) -> list[str]:
    """Precision, coverage, questions, duplicates and cost of the whole stream."""
    [line] = [line for line in printed.splitlines() if line.startswith("  all     ")]
    return line.split()[1:]
