"""What all tables have in common: typed words, and the moment of the last change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import StatementError

from include.store.locks import AdvisoryLock, hold
from include.store.models import Base, Request, RequestStatus, SlackPerson, Watermark
from include.store.models.base import Word

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def test_a_word_is_read_as_a_member_and_nothing_else_is_written(session: Session) -> None:
    request = Request(slug="a-request", title="A request", status=RequestStatus.SHIPPED)
    session.add(request)
    session.commit()
    session.expire_all()
    assert request.status is RequestStatus.SHIPPED
    assert session.scalar(text("SELECT status FROM requests")) == "shipped"
    assert session.scalar(select(func.count()).where(Request.status == "shipped")) == 1
    with pytest.raises(StatementError, match="'finished' is not a valid RequestStatus"):
        session.scalar(select(Request).where(Request.status == "finished"))


def test_every_word_has_its_check() -> None:
    words = [
        f"ck_{table.name}_{column.name}_known"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Word)
    ]
    checks = {item.name for table in Base.metadata.tables.values() for item in table.constraints}
    assert len(words) > 15
    assert [name for name in words if name not in checks] == []


def test_a_column_that_may_be_empty_reads_as_none(session: Session) -> None:
    session.add(SlackPerson(slack_user_id="U1", kind="bot"))
    session.commit()
    assert session.scalars(select(SlackPerson.email)).all() == [None]


@pytest.mark.parametrize("by", ["object", "statement"])
def test_an_update_moves_the_moment_of_the_last_change(session: Session, by: str) -> None:
    old = func.now() - text("interval '1 day'")
    session.add(Watermark(name="here", updated_at=old))
    session.commit()
    if by == "object":
        session.get_one(Watermark, "here").position = 3
    else:
        session.execute(update(Watermark).where(Watermark.name == "here").values(position=3))
    session.commit()
    age = session.scalar(select(func.now() - Watermark.updated_at).where(Watermark.name == "here"))
    assert age is not None
    assert age.total_seconds() < 60


def test_a_lock_is_held_until_the_transaction_ends(session: Session) -> None:
    held = text("SELECT objid FROM pg_locks WHERE locktype = 'advisory'")
    hold(session, AdvisoryLock.ARRIVING)
    assert session.scalars(held).all() == [AdvisoryLock.ARRIVING]
    session.commit()
    assert session.scalars(held).all() == []
