"""The drawings of ``docs/architecture.md`` show what the code is: rooms, ways, states, tables."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.store.models import Base, EntryStatus, HookStatus, MessageState, RequestStatus

if TYPE_CHECKING:
    from enum import StrEnum

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
MAIN_DAG = ROOT / "dags" / "feedback" / "process_customer_entry.py"
DIAGRAMS = re.findall(r"^```mermaid\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

TABLE_ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
CHAIN = re.compile(r"\w+(?: --> \w+)+")
TRANSITION = re.compile(r"^ *(\[\*\]|\w+) --> (\[\*\]|\w+)", re.MULTILINE)
RELATION = re.compile(r"^ *(\w+) \S+--\S+ (\w+) : ", re.MULTILINE)
ALONE = re.compile(r"^ *(\w+)$", re.MULTILINE)


def section(heading: str) -> str:
    """The text from a heading of the second level to the next one."""
    [found] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def contract(name: str) -> dict[str, Any]:
    """One of the import-linter's contracts."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    [found] = [one for one in contracts if one["id"] == name]
    return dict(found)


def diagrams(kind: str) -> list[str]:
    return [text for text in DIAGRAMS if text.startswith(kind)]


def arrows(diagram: str) -> set[tuple[str, str]]:
    """Pairs of a flowchart's arrows; labels are left out."""
    plain = re.sub(r'\|"[^"]*"\|', "", diagram)
    plain = re.sub(r"(\(\[|\[\(|\[)\"[^\"]*\"(\]\)|\)\]|\])", "", plain)
    chains = [line[0].split(" --> ") for line in CHAIN.finditer(plain.replace("-->  ", "--> "))]
    return {pair for chain in chains for pair in pairwise(chain)}


def test_the_table_of_rooms_is_the_contract_of_layers() -> None:
    layers = contract("rooms")["layers"]
    assert [name for name, _ in TABLE_ROW.findall(section("The rooms"))] == layers
    folders = {path.parent.name for path in (ROOT / "include").glob("*/__init__.py")}
    assert folders == set(layers)


def test_the_drawing_of_rooms_leads_down_the_contract_of_layers() -> None:
    layers = contract("rooms")["layers"]
    drawn = arrows(diagrams("flowchart TB")[0])
    assert drawn == {("above", layers[0]), *pairwise(layers)}


def test_the_page_names_exactly_the_rooms_that_may_import_airflow() -> None:
    [line] = re.findall(r"^\* Only (.+) may import Airflow\.", section("The rooms"), re.MULTILINE)
    said = set(re.findall(r"`([\w.]+)`", line))
    forbidden = {name.removeprefix("include.") for name in contract("airflow")["source_modules"]}
    rooms = {name for name in contract("rooms")["layers"] if name not in forbidden}
    assert {name for name in said if "." not in name} == rooms - {"base"}
    spared = {one.split(" -> ")[0] for one in contract("airflow")["ignore_imports"]}
    assert {f"include.{name}" for name in said if "." in name} == spared


def test_the_way_of_an_entry_shows_the_tasks_of_its_dag() -> None:
    code = MAIN_DAG.read_text(encoding="utf-8")
    drawn = arrows(diagrams("flowchart LR")[0])
    tasks = {name for pair in drawn for name in pair} - {"slack", "rest", "ui", "stored"}
    ways = re.findall(r'^    "(\w+)": ', code[code.index("WAYS = ") :], re.MULTILINE)
    functions = re.findall(r"^    def (\w+)\(", code, re.MULTILINE)
    sensors = re.findall(r'HookSensor\(task_id="(\w+)"', code)
    assert tasks == {*ways, *functions, *sensors}
    assert {way for start, way in drawn if start == "decide_entry"} == set(ways)


@pytest.mark.parametrize("states", [EntryStatus, HookStatus, MessageState, RequestStatus])
def test_a_drawing_of_states_has_exactly_the_enums_states(states: type[StrEnum]) -> None:
    [diagram] = [text for text in diagrams("stateDiagram") if f"%% {states.__name__}\n" in text]
    transitions = TRANSITION.findall(diagram)
    drawn = {state for pair in transitions for state in pair} - {"[*]"}
    assert drawn == {state.value for state in states}
    assert {end for start, end in transitions if start == "[*]"} == {next(iter(states)).value}


def test_the_drawings_of_tables_have_every_table_and_every_foreign_key() -> None:
    tables = Base.metadata.tables
    drawn = "".join(diagrams("erDiagram"))
    relations = set(RELATION.findall(drawn))
    assert relations == {
        (key.column.table.name, name)
        for name, table in tables.items()
        for key in table.foreign_keys
    }
    alone = set(ALONE.findall(drawn)) - {"erDiagram"}
    assert {name for pair in relations for name in pair} | alone == set(tables)


def test_every_table_is_described() -> None:
    rows = [line for line in section("The tables").splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == {*Base.metadata.tables, "request_roots"}


def test_every_decision_is_listed_by_its_title() -> None:
    wanted = []
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        number, title = re.findall(r"^# (\d+)\. (.+)$", path.read_text(encoding="utf-8"), re.M)[0]
        wanted.append(f"| [{number}](decisions/{path.name}) | {title} |")
    assert re.findall(r"^\| \[\d.*$", section("Decisions that bind"), re.MULTILINE) == wanted
