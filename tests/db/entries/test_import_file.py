"""A file of feedback, line by line into the database: once each, and every line in one count."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from include.base.errors import FatalError, UnstorableValue
from include.entries import import_file
from include.entries.store import Stored, store
from include.entries.submission import Submission
from include.store.models import Entry, EntryStatus, Outcome
from include.store.session import session_scope
from include.workflows import import_feedback as import_steps
from tests.db.entries.test_decide_many import DAG, pains

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session


def lines(text: bytes, form: str) -> list[import_file.Line]:
    return list(import_file.read_lines(io.BytesIO(text), form, name="f"))


def test_bad_lines_are_told_by_number_and_the_rest_is_read() -> None:
    text = (
        b'\xef\xbb\xbf{"customer_pain": "one", "external_id": "a"}\n\n'
        b"not json\n[1]\n"
        b'{"customer_pain": "two", "external_id": "a"}\n'
        b'{"customer_pain": "caf\xe9"}\n'
        b'{"customer_pain": " "}\n{"customer_pain": "x", "mood": "sad"}\n'
        b'{"customer_pain": "three"}\n{"customer_pain": "three"}\n'
    )
    found = lines(text, "jsonl")
    assert [(one.number, one.problem) for one in found if one.problem] == [
        (3, "not JSON"),
        (4, "not a JSON object"),
        (5, "external_id is on an earlier line already"),
        (6, "not UTF-8 (byte 23)"),
        (7, "customer_pain is missing or blank: say in a sentence what hurts"),
        (8, f"'mood' is unknown; known: {', '.join(Submission.model_fields)}"),
    ]
    keys = [one.key for one in found if one.key]
    assert keys[0] == "import:a"
    assert len(set(keys)) == 3


def test_csv_is_read_with_quotes_lists_and_people() -> None:
    text = (
        b"customer_pain,severity,links,submitter_email\r\n"
        b'"Two\nlines, one cell",high,https://a.example;https://b.example,ann@example.com\r\n'
        b"short\r\n"
    ) + b"caf\xe9,low,,\r\nlast caf\xc3\xa9,,,\r\n"
    found = lines(text, "csv")
    first = found[0].submission
    assert first is not None
    assert first.customer_pain == "Two\nlines, one cell"
    assert first.links == ("https://a.example", "https://b.example")
    assert first.submitter is not None
    assert first.submitter.email == "ann@example.com"
    assert [(one.number, one.problem) for one in found[1:]] == [
        (4, "1 cells where the header has 4"),
        (5, "not UTF-8"),
        (6, None),
    ]


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        (b"", "jsonl", "empty"),
        (b"\n\n", "jsonl", "empty"),
        (b"", "csv", "empty"),
        (b"customer_pain\n", "csv", "empty"),
        (b"words,severity\nx,low\n", "csv", "no column 'customer_pain'"),
        (b"customer_pain,mood\nx,sad\n", "csv", "unknown column 'mood'"),
        (b"customer_pain,customer_pain\nx,y\n", "csv", "twice"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(text: bytes, form: str, said: str) -> None:
    with pytest.raises(FatalError, match=said):
        lines(text, form)


@pytest.fixture(autouse=True)
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps({"import_roots": [str(tmp_path)]}))


def test_a_file_is_stored_once_and_its_longer_version_adds_what_is_new(
    feedback_db: object, tmp_path: Path
) -> None:
    path = tmp_path / "some.jsonl"
    rows = [json.dumps({"customer_pain": one}) for one in pains(5)]
    path.write_text("\n".join([*rows, "oops"]), encoding="utf-8")
    batches, facts = import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="a")
    assert [one["label"] for one in batches] == ["1 to 5 of 5"]
    assert (facts["stored"], facts["bad_lines"], facts["problems"]) == (5, 1, [[6, "not JSON"]])
    again, facts = import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="a")
    assert again == batches
    with session_scope() as session:
        session.execute(update(Entry).values(status=EntryStatus.DONE, outcome=Outcome.CREATED))
    path.write_text("\n".join([*rows, json.dumps({"customer_pain": "new"})]), encoding="utf-8")
    more, facts = import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="b")
    assert (facts["stored"], facts["known_before"]) == (1, 5)
    assert [one["label"] for one in more] == ["1 to 1 of 1"]


def test_a_mended_file_takes_over_what_a_run_left_and_every_line_is_counted(
    feedback_db: object, tmp_path: Path
) -> None:
    path = tmp_path / "some.csv"
    head = 'customer_pain,external_id\none,1\n"two\nlines",2\n\n'
    path.write_text(f"{head}bad\n", encoding="utf-8")
    import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="a")
    path.write_text(f"{head}mended,3\n", encoding="utf-8")
    batches, facts = import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="b")
    assert (facts["stored"], facts["known_before"], facts["taken_over"]) == (1, 0, 2)
    assert [one["label"] for one in batches] == ["1 to 3 of 3"]
    counted = ("lines", "header_lines", "empty_lines", "continued_lines")
    assert [facts[name] for name in counted] == [3, 1, 1, 1]
    assert facts["file_lines"] == 6


def test_a_value_that_only_the_database_refuses_is_told_and_the_rest_is_stored(
    feedback_db: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(session: Session, pairs: Any, **more: Any) -> list[Stored]:
        if any(one.customer_pain == "third" for _, one in pairs):
            raise UnstorableValue("The database refused it.")
        return store(session, pairs, **more)

    monkeypatch.setattr(import_steps, "store", refusing)
    path = tmp_path / "some.csv"
    path.write_text("customer_pain\nfirst\nsecond\nthird\nfourth\n", encoding="utf-8")
    _, facts = import_steps.store_file({"path": str(path)}, dag_id=DAG, run_id="a")
    assert (facts["stored"], facts["bad_lines"], facts["lines"]) == (3, 1, 4)
    [[number, problem]] = facts["problems"]
    assert (number, problem) == (4, "The database refused it.")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere.jsonl", "is relative"),
        ("/nowhere.jsonl", "not below one of"),
        ("notes.txt", "ends in none of .jsonl"),
    ],
)
def test_a_file_that_is_not_there_or_of_no_known_kind_is_fatal(path: str, said: str) -> None:
    with pytest.raises(FatalError, match=said):
        import_steps.store_file({"path": path}, dag_id=DAG, run_id="a")
