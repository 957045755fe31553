"""Workbooks are read like any other file, each row in exactly one count."""

from __future__ import annotations

import io
import zipfile

import pytest

from include.base import workbook_rows
from include.base.errors import FatalError
from include.entries import import_file

_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.\
spreadsheetml.sheet.main+xml"/></Types>"""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def workbook(*sheets: dict[int, list[object]]) -> bytes:
    """A workbook of sheets, each rows by their number."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Target="xl/workbook.xml"'
            f' Type="{_RELATIONS}/officeDocument"/></Relationships>',
        )
        names, links = "", ""
        for place, rows in enumerate(sheets, start=1):
            names += f'<sheet name="Sheet {place}" sheetId="{place}" r:id="r{place}"/>'
            links += (
                f'<Relationship Id="r{place}" Type="{_RELATIONS}/worksheet"'
                f' Target="worksheets/s{place}.xml"/>'
            )
            archive.writestr(f"xl/worksheets/s{place}.xml", _sheet(rows))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{names}</sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>',
        )
    return held.getvalue()


def _sheet(rows: dict[int, list[object]]) -> str:
    written = ""
    for number, cells in rows.items():
        row = ""
        for column, cell in zip("ABCDEFGH", cells, strict=False):
            if isinstance(cell, str):
                row += f'<c r="{column}{number}" t="inlineStr"><is><t>{cell}</t></is></c>'
            elif cell is not None:
                row += f'<c r="{column}{number}"><v>{cell}</v></c>'
        written += f'<row r="{number}">{row}</row>'
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{written}</sheetData></worksheet>'


def read(data: bytes) -> list[import_file.Line]:
    return list(import_file.read_all(io.BytesIO(data), "xlsx", name="a.xlsx"))


def test_a_sheet_is_read_by_its_rows() -> None:
    data = workbook(
        {
            2: ["Customer Pain", "Severity", "ID", None],
            3: ["Exports fail", "High", 7],
            5: ["Näher an 5 €", None, 8.5],
            6: [None, "low", 9],
            7: ["Too", "many", 1, "cells"],
        }
    )
    found = read(data)
    assert [(one.number, one.kind, one.lines) for one in found] == [
        (1, "empty", 1),
        (2, "header", 1),
        (3, "record", 1),
        (4, "empty", 1),
        (5, "record", 1),
        (6, "bad", 1),
        (7, "bad", 1),
    ]
    first, second = (one.submission for one in found if one.kind == "record")
    assert first is not None
    assert (first.customer_pain, first.severity, first.external_id) == ("Exports fail", "high", "7")
    assert second is not None
    assert (second.customer_pain, second.external_id) == ("Näher an 5 €", "8.5")
    assert "customer_pain is missing" in str(found[5].problem)


def test_what_other_sheets_hold_is_told() -> None:
    data = workbook({}, {1: ["customer_pain"], 2: ["It hurts"]}, {1: ["a"], 2: ["b"], 3: ["c"]})
    found = read(data)
    assert [one.submission.customer_pain for one in found if one.submission] == ["It hurts"]
    assert found[-1].kind == "bad"
    assert found[-1].lines == 3
    assert "sheet 'Sheet 3' was not read" in str(found[-1].problem)


def test_the_sheet_with_the_columns_is_read_wherever_it_stands() -> None:
    notes, choices = {1: ["Read me first"], 2: ["x"]}, {1: ["low"], 2: ["high"]}
    found = read(workbook(notes, {}, choices, {2: ["Customer pain *"], 3: ["It hurts"]}))
    assert [one.submission.customer_pain for one in found if one.submission] == ["It hurts"]
    assert [(one.kind, one.lines) for one in found[-2:]] == [("bad", 2), ("bad", 2)]
    assert "sheet 'Sheet 1' was not read" in str(found[-2].problem)


def test_a_workbook_without_rows_holds_nothing() -> None:
    assert read(workbook({})) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04 cut off", "is no workbook"),
        (b"\xd0\xcf\x11\xe0 protected", "protected by a password"),
        (workbook({1: ["words"], 2: ["x"]}), "no column 'customer_pain'"),
    ],
)
def test_what_is_no_sheet_of_feedback_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(FatalError, match=said):
        read(data)


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workbook_rows, "MOST_UNPACKED", 100)
    with pytest.raises(FatalError, match="at most 100 are read"):
        read(workbook({1: ["customer_pain"]}))
