"""What ``import_accounts``, ``import_areas`` and ``import_requests`` share: their lines."""

from __future__ import annotations

from contextlib import closing
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError
from include.base.file_rows import format_of
from include.engine.files import open_file
from include.requests.loads.load import Report, Target, load
from include.requests.loads.row import R, read_file, read_objects
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping


def load_lines(
    target: Target[R], values: Mapping[str, Any], *, path: str = "path", rows: str = "rows"
) -> Report | None:
    """Load the file that the parameter ``path`` names, or the objects of the parameter ``rows``.

    ``None`` when neither is given.

    Raises:
        FatalError: both are given, the file cannot be read, or no line of it is good.
    """
    dry_run = bool(values.get("dry_run"))
    if values.get(path) and values.get(rows):
        raise FatalError(f"give {path} or {rows}, not both")
    if values.get(path):
        where = str(values[path])
        form = format_of(where, values.get("format"))
        name = PurePosixPath(where.split("?", 1)[0]).name
        with closing(open_file(where)) as file:
            lines = read_file(target.kind, file, form, name=name)
            return load(session_scope, target, lines, name=name, dry_run=dry_run)
    if values.get(rows):
        objects = read_objects(target.kind, values[rows])
        return load(session_scope, target, objects, name=rows, dry_run=dry_run)
    return None


def nothing_given(*names: str) -> FatalError:
    """What a run is refused with that was given nothing."""
    return FatalError(f"there is nothing to load: give {' or '.join(names)}")
