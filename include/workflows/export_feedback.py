"""What the tasks of ``export_feedback`` call: writing one kind of rows to a path or URL."""

from __future__ import annotations

import logging
from datetime import UTC
from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError
from include.base.places import allowed_place
from include.base.settings import load_settings
from include.insights.export import ENCODINGS, KINDS, write_rows
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

log = logging.getLogger(__name__)


def list_kinds(kinds: Iterable[str], *, target: str) -> list[str]:
    """The kinds to export, each once.

    Raises:
        FatalError: a kind is unknown, or the target is not allowed.
    """
    _allowed(target)
    wanted = list(dict.fromkeys(kinds))
    unknown = [kind for kind in wanted if kind not in KINDS]
    if unknown or not wanted:
        raise FatalError(f"kinds {unknown or wanted} cannot be exported; known: {', '.join(KINDS)}")
    return wanted


def export_kind(kind: str, *, form: str, target: str, at: datetime) -> dict[str, object]:
    """Write all rows of a kind below ``target``; returns ``{kind, file, rows}``.

    The file's name has the run's time, so a retry replaces its own file and no other.

    Raises:
        FatalError: the target is not allowed, or the kind or format is unknown.
    """
    from airflow.sdk import ObjectStoragePath

    base = _allowed(target)
    folder: Any = ObjectStoragePath(base if "://" in base else f"file://{base}")
    name = f"{kind}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.{form}"
    folder.mkdir(parents=True, exist_ok=True)
    part, file = folder / f"{name}.part", folder / name
    try:
        out = part.open("w", encoding=ENCODINGS.get(form), newline="")
        with out, session_scope() as session:
            rows = write_rows(session, kind, form, out)
        # An object store knows no rename: the file is copied there, complete, and the part removed.
        part.move(file)
    except BaseException:
        if part.exists():
            part.unlink()
        raise
    log.info("Exported %s rows of %s", rows, kind)
    return {"kind": kind, "file": f"{base}/{name}", "rows": rows}


def _allowed(target: str) -> str:
    roots = load_settings().export_roots
    return allowed_place(target, roots, name="target", setting="export_roots")
