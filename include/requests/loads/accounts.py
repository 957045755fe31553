"""Customers and their deals, as a CRM keeps them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, Field
from sqlalchemy import select

from include.base.checked import Id, Problem, none_if_blank, shown
from include.people.person import Name
from include.requests.loads.load import TableTarget
from include.requests.loads.row import Given, Row
from include.store.models import Account, Opportunity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

MOST_MONEY = 999_999_999_999


Money = Annotated[
    Decimal,
    Field(ge=-MOST_MONEY, le=MOST_MONEY, allow_inf_nan=False),
    AfterValidator(lambda value: value.quantize(Decimal("0.01"))),
]


class AccountRow(Row):
    """A customer; ARR is a year's recurring revenue, without a sign of currency or thousands."""

    key: ClassVar[str] = "id"
    needed: ClassVar[tuple[str, ...]] = ("name",)
    also: ClassVar[dict[str, str]] = {
        "account_id": "id",
        "customer_id": "id",
        "account_name": "name",
        "customer": "name",
        "annual_recurring_revenue": "arr",
        "enterprise": "is_enterprise",
    }

    id: Id = Field(min_length=1)
    name: Annotated[Name | None, AfterValidator(none_if_blank)] = None
    arr: Money | None = None
    region: Annotated[Name | None, AfterValidator(none_if_blank)] = None
    is_enterprise: bool = False


class OpportunityRow(Row):
    """A deal with a customer that is loaded already, or in the same run."""

    key: ClassVar[str] = "id"
    needed: ClassVar[tuple[str, ...]] = ("name",)
    also: ClassVar[dict[str, str]] = {
        "opportunity_id": "id",
        "deal_id": "id",
        "account": "account_id",
        "accountid": "account_id",
        "customer_id": "account_id",
        "opportunity_name": "name",
        "deal": "name",
        "stage_name": "stage",
        "stagename": "stage",
        "amount": "arr",
    }

    id: Id = Field(min_length=1)
    account_id: Annotated[Id | None, AfterValidator(none_if_blank)] = None
    name: Annotated[Name | None, AfterValidator(none_if_blank)] = None
    stage: Annotated[Name | None, AfterValidator(none_if_blank)] = None
    arr: Money | None = None


class Accounts(TableTarget[AccountRow]):
    """The table ``accounts``; what it said before a change stays for reports of past days."""

    kind = AccountRow
    model = Account


class Opportunities(TableTarget[OpportunityRow]):
    """The table ``opportunities``.

    Args:
        accounts: Accounts that count as loaded: those of the same dry run.
    """

    kind = OpportunityRow
    model = Opportunity

    def __init__(self, accounts: frozenset[str] = frozenset()) -> None:
        self.accounts = accounts

    def refuse(
        self, session: Session, part: Sequence[Given[OpportunityRow]]
    ) -> dict[int, list[Problem]]:
        """A deal of a customer that is not loaded."""
        named = {one.number: one.row.account_id for one in part if one.row is not None}
        wanted = {account for account in named.values() if account} - self.accounts
        known = set(session.scalars(select(Account.id).where(Account.id.in_(wanted))))
        return {
            number: [Problem("account_id", f"{shown(account)} is unknown; load its account first")]
            for number, account in named.items()
            if account in wanted and account not in known
        }
