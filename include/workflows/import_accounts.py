"""What the task of ``import_accounts`` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.requests.loads.accounts import Accounts, Opportunities
from include.workflows.load_tasks import load_lines, nothing_given

if TYPE_CHECKING:
    from collections.abc import Mapping


def load_accounts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Load accounts, then their opportunities; the run's result."""
    accounts = load_lines(Accounts(), values)
    deals = load_lines(
        Opportunities(frozenset(accounts.would_add if accounts else ())),
        values,
        path="opportunities_path",
        rows="opportunities",
    )
    if accounts is None and deals is None:
        raise nothing_given("path", "rows", "opportunities_path", "opportunities")
    return {
        name: report.as_dict()
        for name, report in (("accounts", accounts), ("opportunities", deals))
        if report is not None
    }
