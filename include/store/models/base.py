"""What every table shares: the declarative base, naming of constraints, and column helpers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, MetaData, func
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

EMBEDDING_DIMENSIONS = 384
"""Width of every stored vector; a vector of another size is refused by the column's type."""


class Base(DeclarativeBase):
    """Declarative base of the product's own database (never Airflow's metadata)."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


BigId = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
CreatedAt = Annotated[
    datetime, mapped_column(DateTime(timezone=True), server_default=func.now(), nullable=False)
]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


def one_of(column: str, choices: type[StrEnum], *, name: str | None = None) -> CheckConstraint:
    """A CHECK that a text column holds one of the enum's values (a text enum migrates easily)."""
    values = ", ".join(f"'{choice.value}'" for choice in choices)
    return CheckConstraint(f"{column} IN ({values})", name=name or f"{column}_known")
