"""The generated page of DAGs: it says what the files say, and its check notices a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.dag_page import PageError, main, read_dag_files, render

if TYPE_CHECKING:
    from pathlib import Path

FILE = '''\
"""# {title}

Does a thing.

```text
# not a heading
```

## Details

**Owner**: {owner}
"""

from airflow.sdk import dag


@dag(schedule={schedule})
def {dag_id}() -> None: ...


{dag_id}()
'''


def write_dag(
    dags: Path,
    dag_id: str,
    *,
    folder: str = "feedback",
    title: str = "Ask somebody",
    schedule: str = "None",
    owner: str = "feedback",
) -> Path:
    path = dags / folder / f"{dag_id}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FILE.format(title=title, schedule=schedule, owner=owner, dag_id=dag_id))
    return path


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    return tmp_path / "dags"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "dags.md"


def test_the_committed_page_is_what_the_dag_files_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_a_written_page_passes_its_own_check(dags: Path, page: Path) -> None:
    write_dag(dags, "ask_somebody")
    assert main([], page, dags) == 0
    assert main(["--check"], page, dags) == 0


def test_a_changed_docstring_fails_the_check_and_says_what_to_do(
    dags: Path, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_dag(dags, "ask_somebody")
    main([], page, dags)
    path.write_text(path.read_text().replace("Does a thing.", "Does another thing."))

    assert main(["--check"], page, dags) == 1

    said = capsys.readouterr().err
    assert "make docs" in said
    assert "-Does a thing." in said
    assert "+Does another thing." in said


def test_a_new_dag_and_a_missing_page_fail_the_check(dags: Path, page: Path) -> None:
    write_dag(dags, "ask_somebody")
    assert main(["--check"], page, dags) == 1
    main([], page, dags)
    write_dag(dags, "wait_an_hour")
    assert main(["--check"], page, dags) == 1


def test_dags_are_sorted_by_folder_and_id(dags: Path) -> None:
    write_dag(dags, "b", folder="requests")
    write_dag(dags, "z", folder="analytics")
    write_dag(dags, "a", folder="requests")
    assert [(file.folder, file.dag_id) for file in read_dag_files(dags)] == [
        ("analytics", "z"),
        ("requests", "a"),
        ("requests", "b"),
    ]


@pytest.mark.parametrize(
    ("schedule", "shown"),
    [
        ("None", "when started"),
        ('"0 8 * * *"', "`0 8 * * *`"),
        ("timedelta(minutes=5)", "`timedelta(minutes=5)`"),
    ],
)
def test_the_table_shows_the_schedule(dags: Path, schedule: str, shown: str) -> None:
    write_dag(dags, "ask_somebody", schedule=schedule)
    assert f"| Ask somebody | {shown} | feedback |" in render(read_dag_files(dags))


def test_headings_go_one_level_deeper_but_not_inside_code(dags: Path) -> None:
    write_dag(dags, "ask_somebody")
    lines = render(read_dag_files(dags)).splitlines()
    assert "## ask_somebody" in lines
    assert "### Ask somebody" not in lines[: lines.index("## ask_somebody")]
    assert "### Ask somebody" in lines
    assert "#### Details" in lines
    assert "# not a heading" in lines


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("**Owner**", "Owner", "Owner"),
        ('"""# Ask', '"""Ask', "title"),
        ("@dag(schedule=None)", "@flow", "found 0"),
    ],
)
def test_a_file_that_lacks_something_is_named(
    dags: Path, page: Path, old: str, new: str, complaint: str
) -> None:
    path = write_dag(dags, "ask_somebody")
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(PageError, match=f"ask_somebody.py.*{complaint}"):
        read_dag_files(dags)
    assert main([], page, dags) == 1
    assert not page.exists()


def test_an_unknown_argument_is_refused(dags: Path, page: Path) -> None:
    assert main(["--chek"], page, dags) == 2
