"""Exports: every row, words unharmed, nothing a spreadsheet would run, nothing half-written."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from include.base.errors import FatalError
from include.insights import export
from include.insights.export import write_rows
from include.insights.storage import make_area_report
from include.workflows.export_feedback import export_kind, list_kinds
from tests.db.insights.conftest import at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.db.insights.conftest import World

AT = datetime(2026, 3, 9, 13, tzinfo=UTC)


def written(world: World, kind: str, form: str) -> str:
    out = io.StringIO(newline="")
    write_rows(world.session, kind, form, out)
    return out.getvalue()


def test_csv_and_json_lines_hold_the_same_rows(history: World) -> None:
    rows = list(csv.DictReader(io.StringIO(written(history, "requests", "csv"), newline="")))
    lines = [json.loads(line) for line in written(history, "requests", "jsonl").splitlines()]
    assert (
        [row["slug"] for row in rows] == [line["slug"] for line in lines] == ["csv", "pdf", "late"]
    )
    assert [line["feedback"] for line in lines] == [4, 4, 1]
    assert lines[1]["areas"] == ["access", "reporting"]
    assert rows[1]["areas"] == "access reporting"
    assert lines[1]["status"] == "shipped"
    assert rows[0]["shipped_at"] == ""
    assert lines[0]["shipped_at"] is None


@pytest.mark.parametrize(
    "words",
    ['=HYPERLINK("http://x";"y")', "+1", "-1", "@SUM(A1)", 'two\nlines, "quoted"', "Größe 😀"],
)
def test_words_survive_and_none_is_a_formula(history: World, words: str) -> None:
    from sqlalchemy import select

    from include.store.models import Request

    request = history.session.scalars(select(Request).where(Request.slug == "csv")).one()
    history.feedback(request, "low", "big", 13, quote=words)
    rows = list(csv.DictReader(io.StringIO(written(history, "feedback", "csv"), newline="")))
    lines = written(history, "feedback", "jsonl").splitlines()
    assert json.loads(lines[-1])["quote"] == words
    assert rows[-1]["quote"] == (f"'{words}" if words[0] in "=+-@" else words)
    assert (rows[-1]["account"], rows[-1]["request"]) == ("big", "csv")
    assert len(rows) == len(lines) == 11


@pytest.mark.parametrize(
    ("words", "cell"),
    [
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff0d1", "'\uff0d1"),
        ("\ufe661+1", "'\ufe661+1"),
        ("\u22121", "'\u22121"),
        ("\u200b\ufeff=1", "\u200b\ufeff'=1"),
        ("a; \u2060\uff20x", "a; \u2060'\uff20x"),
        ("\n=1+1", "\n'=1+1"),
        (" \t@SUM(1)", " \t'@SUM(1)"),
        ("a;=1+1", "a;'=1+1"),
        ("a\t +1", "a\t '+1"),
        ("lists:\n-1 a\n-2 b", "lists:\n'-1 a\n'-2 b"),
        ("x\u2028=cmd|' /C calc'!A0", "x\u2028'=cmd|' /C calc'!A0"),
        ("a = 1; b - 2", "a = 1; b - 2"),
    ],
)
def test_no_part_of_a_cell_is_a_formula_whatever_the_separator(
    history: World, words: str, cell: str
) -> None:
    from sqlalchemy import select

    from include.store.models import Request

    request = history.session.scalars(select(Request).where(Request.slug == "csv")).one()
    history.feedback(request, "low", "big", 13, quote=words)
    rows = list(csv.DictReader(io.StringIO(written(history, "feedback", "csv"), newline="")))
    assert rows[-1]["quote"] == cell


def test_reports_are_exported_as_they_are_stored(history: World) -> None:
    make_area_report(history.session, "reporting", at(5), model=None)
    [line] = written(history, "reports", "jsonl").splitlines()
    report = json.loads(line)
    assert (report["area"], report["day"]) == ("reporting", "2026-03-05")
    assert report["metrics"]["dealbreaker_arr"] == 400_000
    [row] = csv.DictReader(io.StringIO(written(history, "reports", "csv"), newline=""))
    assert json.loads(row["sections"])[0]["id"] == "dealbreakers"


def test_a_file_is_complete_or_not_there(
    history: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_for_exports(tmp_path, monkeypatch)
    target = str(tmp_path / "new" / "folder")
    plain = export.json.dumps
    left = [2]

    def fails_later(*args: object, **more: object) -> str:
        left[0] -= 1
        if left[0] < 0:
            raise OSError("disk full")
        return plain(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(export.json, "dumps", fails_later)
    with pytest.raises(OSError, match="disk full"):
        export_kind("feedback", form="jsonl", target=target, at=AT)
    assert list((tmp_path / "new" / "folder").iterdir()) == []
    monkeypatch.undo()
    open_for_exports(tmp_path, monkeypatch)
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", _uri(history))
    for _ in range(2):
        result = export_kind("feedback", form="jsonl", target=target, at=AT)
    file = tmp_path / "new" / "folder" / "feedback-20260309T130000Z.jsonl"
    assert result == {"kind": "feedback", "file": str(file), "rows": 10}
    assert list(file.parent.iterdir()) == [file]
    assert len(file.read_text(encoding="utf-8").splitlines()) == 10


def test_an_object_storage_url_is_written_through_its_connection(
    history: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store stands in at fsspec, which is what Airflow's providers give for S3 and others."""
    from airflow.sdk.io import ObjectStoragePath
    from airflow.sdk.io.store import attach
    from fsspec.implementations.memory import MemoryFileSystem

    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"export_roots": ["s3://aws_export@mine"]}')
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", _uri(history))
    attach("s3", conn_id="aws_export", fs=MemoryFileSystem())
    target = "s3://aws_export@mine/exports"
    result = export_kind("feedback", form="csv", target=target, at=AT)
    name = "feedback-20260309T130000Z.csv"
    assert result == {"kind": "feedback", "file": f"{target}/{name}", "rows": 10}
    folder = ObjectStoragePath(target)
    assert [one.name for one in folder.iterdir()] == [name]
    with (folder / name).open("r", encoding="utf-8", newline="") as file:
        # A spreadsheet takes a CSV without a byte order mark for the machine's own encoding.
        assert file.read(1) == "\ufeff"
        assert len(list(csv.DictReader(file))) == 10
    with pytest.raises(FatalError, match="not below one of"):
        export_kind("feedback", form="csv", target="s3://aws_export@other/x", at=AT)


def test_a_file_url_is_written(
    history: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_for_exports(tmp_path, monkeypatch)
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", _uri(history))
    result = export_kind("requests", form="jsonl", target=f"file://{tmp_path}/out", at=AT)
    [file] = (tmp_path / "out").iterdir()
    assert len(file.read_text(encoding="utf-8").splitlines()) == result["rows"]


def open_for_exports(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps({"export_roots": [str(folder)]}))


def test_without_roots_nothing_is_written(
    history: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", _uri(history))
    with pytest.raises(FatalError, match="closed to all files"):
        list_kinds(["requests"], target=str(tmp_path))
    with pytest.raises(FatalError, match="closed to all files"):
        export_kind("requests", form="csv", target=str(tmp_path), at=AT)
    assert list(tmp_path.iterdir()) == []


def _uri(world: World) -> str:
    url = world.session.get_bind().engine.url
    return f"postgresql://{url.username}@/{url.database}?host={url.query['host']}"


def test_unknown_kinds_and_formats_are_refused(
    history: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"export_roots": ["/x"]}')
    assert list_kinds(["reports", "requests", "reports"], target="/x") == ["reports", "requests"]
    with pytest.raises(FatalError, match="users"):
        list_kinds(["users"], target="/x")
    with pytest.raises(FatalError, match="'users' is unknown"):
        write_rows(history.session, "users", "csv", io.StringIO())
    with pytest.raises(FatalError, match="'xml' is unknown"):
        write_rows(history.session, "requests", "xml", io.StringIO())


def test_an_export_is_read_in_portions_and_holds_every_row(
    history: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = written(history, "requests", "jsonl")
    monkeypatch.setattr(export, "_BATCH", 2)
    assert written(history, "requests", "jsonl") == whole
    assert len(whole.splitlines()) == 3
