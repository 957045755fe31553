"""What every table shares: the declarative base, naming of constraints, and column helpers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    event,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

if TYPE_CHECKING:
    from sqlalchemy import Dialect

E = TypeVar("E", bound=StrEnum)

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
UpdatedAt = Annotated[
    datetime,
    mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now(), nullable=False
    ),
]
"""Moves with every update that SQLAlchemy writes, except ``on_conflict_do_update``."""
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Effect:
    """What a row notes of its way out of the house; ``include.outbox.effects`` keeps it.

    Until ``not_before`` the row is left alone: it waits, or a process is at work on it.
    """

    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    error: Mapped[str | None] = mapped_column(Text)
    not_before: Mapped[Moment | None]


class Word(TypeDecorator[E]):
    """A text column that holds a value of an enum, with a CHECK of that (text migrates easily).

    Args:
        choices: The enum; rows are read as its members, and nothing else can be written.
    """

    impl = Text
    cache_ok = True

    def __init__(self, choices: type[E]) -> None:
        super().__init__()
        self.choices = choices

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """A member, or its value, as text; ValueError for anything else."""
        return None if value is None else self.choices(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:  # noqa: ARG002
        """The member of a stored text."""
        return None if value is None else self.choices(value)


@event.listens_for(Column, "after_parent_attach")
def _check_word(column: Column[Any], table: Any) -> None:
    if isinstance(column.type, Word) and isinstance(table, Table):
        values = ", ".join(f"'{choice.value}'" for choice in column.type.choices)
        table.append_constraint(
            CheckConstraint(f"{column.name} IN ({values})", name=f"{column.name}_known")
        )
