"""What the task of ``import_areas`` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.requests.loads.areas import Areas
from include.workflows.load_tasks import load_lines, nothing_given

if TYPE_CHECKING:
    from collections.abc import Mapping


def load_areas(values: Mapping[str, Any]) -> dict[str, Any]:
    """Load product areas; the run's result."""
    report = load_lines(Areas(), values)
    if report is None:
        raise nothing_given("path", "rows")
    return report.as_dict()
