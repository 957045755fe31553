"""One line of a file, or one object of a call, as what it describes, or what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from include.base.checked import Checked, Problem, Refused
from include.base.errors import FatalError
from include.base.file_header import Header
from include.base.file_rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import IO

_LIST = re.compile(r"[;\n]")
_SENTENCE = "the line"


class Row(Checked):
    """What a line may hold. A field that is not given stays as it is, an empty one is cleared."""

    key: ClassVar[str]
    """The field by which it is known again."""

    needed: ClassVar[tuple[str, ...]]
    """What a new one must have, and none may lose."""

    lists: ClassVar[frozenset[str]] = frozenset()
    also: ClassVar[dict[str, str]] = {}

    @classmethod
    def header(cls) -> Header:
        """The columns of a CSV file."""
        return Header(tuple(cls.model_fields), cls.key, cls.also, keeps_blanks=True)


R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Given(Generic[R]):
    """A line: what it gives and which fields it names, or why it is refused."""

    number: int
    row: R | None = None
    fields: frozenset[str] = field(default_factory=frozenset)
    problems: tuple[Problem, ...] = ()

    @property
    def key(self) -> str:
        """What it is known by; only of a line that is not refused."""
        return str(getattr(self.row, type(self.row).key))  # type: ignore[union-attr]


def read_file(kind: type[R], file: IO[bytes], form: str, *, name: str) -> Iterator[Given[R]]:
    """Every line of the file that holds something.

    Raises:
        FatalError: the file cannot be read, or a CSV has a wrong header.
    """
    seen: set[str] = set()
    for row in read_rows(file, form, kind.header(), name=name):
        if row.kind == "bad":
            yield Given(row.number, problems=(Problem(_SENTENCE, f"is {row.problem}"),))
        elif row.kind == "record":
            yield _once(_read(kind, row.number, row.values or {}), seen)


def read_objects(kind: type[R], objects: Iterable[Mapping[str, Any]]) -> Iterator[Given[R]]:
    """The objects of a call, numbered from 1."""
    seen: set[str] = set()
    for number, values in enumerate(objects, start=1):
        yield _once(_read(kind, number, values), seen)


def _once(given: Given[R], seen: set[str]) -> Given[R]:
    if given.row is None:
        return given
    if given.key in seen:
        why = Problem(type(given.row).key, "is on an earlier line already")
        return Given(given.number, problems=(why,))
    seen.add(given.key)
    return given


def _read(kind: type[R], number: int, values: Mapping[str, Any]) -> Given[R]:
    try:
        fields = _fields(kind, values)
        return Given(number, kind.check(fields), frozenset(fields))
    except Refused as refused:
        return Given(number, problems=refused.problems)


def _fields(kind: type[Row], values: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise Refused((Problem(_SENTENCE, f"is a {type(values).__name__} and no object"),))
    header = kind.header()
    fields: dict[str, Any] = {}
    for given, value in values.items():
        name = header.field_of(given)
        if name not in kind.model_fields:
            # It is refused by the name that the file gives it.
            name = given
        if name in fields:
            raise Refused((Problem(name, "is given twice"),))
        if isinstance(value, str):
            value = value.strip()
            if name in kind.lists:
                value = [part.strip() for part in _LIST.split(value) if part.strip()]
        fields[name] = None if value == "" else value
    return fields


def nothing_good(name: str, problem: tuple[int, Problem] | None) -> FatalError:
    """What a file is refused with of which no line can be loaded."""
    if problem is None:
        return FatalError(f"{name} is empty: there is nothing to load")
    number, why = problem
    return FatalError(f"no line of {name} can be loaded; line {number}: {why}")
