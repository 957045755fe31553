"""Comparing lines with what is there, and writing the difference; a dry run only compares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from sqlalchemy import select

from include.base.checked import Problem
from include.requests.loads.row import Given, R, nothing_good
from include.store.locks import AdvisoryLock, hold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from include.store.session import SessionScope

AT_ONCE = 500
SHOWN = 200
"""Lines of a result that are listed of each kind: added, changed, refused."""


@dataclass(frozen=True)
class Change(Generic[R]):
    """What a line would do: ``there`` is the row it updates, ``fields`` what it gives otherwise."""

    given: Given[R]
    there: Any
    fields: dict[str, tuple[Any, Any]]

    @property
    def row(self) -> R:
        """What the line says."""
        assert self.given.row is not None
        return self.given.row

    @property
    def values(self) -> dict[str, Any]:
        """What is to be written, by field."""
        return {name: new for name, (_, new) in self.fields.items()}


class Target(ABC, Generic[R]):
    """One kind of thing that is loaded."""

    kind: type[R]

    @abstractmethod
    def find(self, session: Session, rows: Sequence[R]) -> dict[str, Any]:
        """What is there already, by the key of the row."""

    def values_of(self, session: Session, there: Sequence[Any]) -> dict[Any, dict[str, Any]]:  # noqa: ARG002
        """What each of these holds, by field."""
        names = list(self.kind.model_fields)
        return {one: {name: getattr(one, name) for name in names} for one in there}

    def refuse(self, session: Session, part: Sequence[Given[R]]) -> dict[int, list[Problem]]:  # noqa: ARG002
        """What is wrong with lines that are good by themselves, by their numbers."""
        return {}

    def lock(self, session: Session) -> None:
        """Let nobody else write the same until the transaction ends."""
        hold(session, AdvisoryLock.LOADING)

    @abstractmethod
    def write(self, session: Session, changes: Sequence[Change[R]]) -> None:
        """Add and change."""


class TableTarget(Target[R]):
    """Rows that are columns of one table."""

    model: ClassVar[Any]

    def find(self, session: Session, rows: Sequence[R]) -> dict[str, Any]:
        """By the key's column."""
        name = self.kind.key
        keys = [getattr(row, name) for row in rows]
        found = session.scalars(select(self.model).where(getattr(self.model, name).in_(keys)))
        return {getattr(one, name): one for one in found}

    def write(self, session: Session, changes: Sequence[Change[R]]) -> None:
        """Add rows and set columns."""
        for change in changes:
            if change.there is None:
                session.add(self.model(**change.values))
            for name, value in change.values.items() if change.there is not None else ():
                setattr(change.there, name, value)


@dataclass
class Report:
    """What became of the lines, some of each kind by number."""

    name: str
    dry_run: bool
    private: frozenset[str]
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("added", "changed", "unchanged", "refused"), 0)
    )
    lines: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {"added": [], "changed": [], "refused": []}
    )
    first_problem: tuple[int, Problem] | None = None
    would_add: set[str] = field(default_factory=set)
    """The keys of what a dry run would add."""

    def refused(self, number: int, problems: Sequence[Problem]) -> None:
        """Count a line that is refused."""
        self.first_problem = self.first_problem or (number, problems[0])
        for one in problems:
            self._list("refused", {"line": number, "field": one.field, "problem": str(one)})
        self.counts["refused"] += 1

    def note(self, change: Change[Any]) -> None:
        """Count a line that is good."""
        line = {"line": change.given.number, "id": change.given.key}
        if change.there is None:
            self._list("added", line)
            if self.dry_run:
                self.would_add.add(change.given.key)
            self.counts["added"] += 1
        elif change.fields:
            fields = {
                name: "changed" if name in self.private else [_plain(old), _plain(new)]
                for name, (old, new) in change.fields.items()
            }
            self._list("changed", line | {"fields": fields})
            self.counts["changed"] += 1
        else:
            self.counts["unchanged"] += 1

    def as_dict(self) -> dict[str, Any]:
        """The result of a run."""
        return {"file": self.name, "dry_run": self.dry_run, **self.counts, "lines": self.lines}

    def _list(self, kind: str, line: dict[str, Any]) -> None:
        if len(self.lines[kind]) < SHOWN:
            self.lines[kind].append(line)


def load(
    scope: SessionScope,
    target: Target[R],
    lines: Iterator[Given[R]],
    *,
    name: str,
    dry_run: bool,
) -> Report:
    """Add what is new and change what is different, some hundred lines a transaction.

    Nothing is ever removed. A repeat finds everything unchanged.

    Raises:
        FatalError: no line is good; a dry run says so in its report.
    """
    report = Report(name, dry_run, target.kind.private)
    while part := list(islice(lines, AT_ONCE)):
        with scope() as session:
            if not dry_run:
                target.lock(session)
            changes = compare(session, target, part, report)
            if not dry_run:
                target.write(session, [one for one in changes if one.fields])
        for change in changes:
            report.note(change)
    if not dry_run and report.counts["refused"] == sum(report.counts.values()):
        raise nothing_good(name, report.first_problem)
    return report


def compare(
    session: Session, target: Target[R], part: Sequence[Given[R]], report: Report
) -> list[Change[R]]:
    """What each good line would do; the others are told to the report."""
    good = [one for one in part if one.row is not None]
    problems: dict[int, list[Problem]] = {one.number: list(one.problems) for one in part}
    for number, more in target.refuse(session, good).items():
        problems[number] += more
    found = target.find(session, [one.row for one in good if one.row is not None])
    values = target.values_of(session, list(dict.fromkeys(found.values())))
    changes = []
    for one in part:
        there = found.get(one.key) if one.row is not None else None
        if one.row is not None and not problems[one.number]:
            problems[one.number] = _lacking(one, is_new=there is None)
        if problems[one.number] or one.row is None:
            report.refused(one.number, problems[one.number])
            continue
        changes.append(Change(one, there, _different(one, values.get(there))))
    return changes


def _lacking(given: Given[R], *, is_new: bool) -> list[Problem]:
    row = given.row
    assert row is not None
    what = "is missing: what is new needs it" if is_new else "is blank; leave it out to keep it"
    return [
        Problem(name, what)
        for name in type(row).needed
        if not getattr(row, name) and (is_new or name in given.fields)
    ]


def _different(given: Given[R], before: dict[str, Any] | None) -> dict[str, tuple[Any, Any]]:
    row = given.row
    assert row is not None
    if before is None:
        return {name: (None, getattr(row, name)) for name in type(row).model_fields}
    return {
        name: (before[name], getattr(row, name))
        for name in sorted(given.fields)
        if name in before and before[name] != getattr(row, name)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return value
