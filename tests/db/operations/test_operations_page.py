"""The runbook's SQL runs on the current schema and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.durable.api import create_hook, get_hook, hook_token, signing_keys
from include.durable.keys import InvalidToken, verify_hook_token
from include.entries.decisions import thresholds_for
from include.store.models import Area

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.durable.types import HookView

DOCS = Path(__file__).resolve().parents[3] / "docs"
BLOCK = re.compile(r"^\s*```sql\n(.*?)^\s*```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(block, id=f"{page}-{number}")
    for page in ("operations.md", "slack.md")
    for number, block in enumerate(BLOCK.findall((DOCS / page).read_text("utf-8")), start=1)
]
NOBODY = "00000000-0000-0000-0000-000000000000"


def block_with(words: str) -> str:
    """The one block of the runbook that holds these words."""
    [found] = [param.values[0] for param in BLOCKS if words in str(param.values[0])]
    return str(found)


def run(session: Session, sql: str) -> None:
    session.connection().exec_driver_sql(sql)


def open_question(session: Session) -> HookView:
    return create_hook(session, dag_id="d", run_id="r", name="answer", kind="approval")


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_runs(block: str, session: Session) -> None:
    run(session, block)


def test_the_runbook_has_its_blocks() -> None:
    assert len(BLOCKS) > 8


def test_new_thresholds_count_and_an_areas_own_go_first(session: Session) -> None:
    billing = Area(slug="billing", name="Billing", description="")
    other = Area(slug="other", name="Other", description="")
    session.add_all([billing, other])
    session.flush()
    run(session, block_with("INSERT INTO thresholds"))

    general, own = thresholds_for(session, [other.id]), thresholds_for(session, [billing.id])
    assert (general.attach, general.ask) == (0.92, 0.80)
    assert (own.attach, own.ask) == (0.95, 0.85)


def test_a_closed_question_is_cancelled_and_a_second_time_changes_nothing(
    session: Session,
) -> None:
    hook = open_question(session)
    close = block_with("answered_via = 'operator'").replace(NOBODY, str(hook.id))
    run(session, close)
    closed = get_hook(session, hook.id)
    assert closed is not None
    assert (closed.status, closed.answered_via) == ("cancelled", "operator")
    run(session, close)
    assert get_hook(session, hook.id) == closed


def test_rotation_keeps_buttons_of_open_questions_and_then_ends_them(session: Session) -> None:
    hook = open_question(session)
    old = hook_token(session, hook.id)
    session.commit()
    run(session, block_with("INSERT INTO hook_keys"))
    session.commit()
    retire = block_with("UPDATE hook_keys")

    assert hook_token(session, hook.id) != old
    run(session, retire)
    assert verify_hook_token(old, signing_keys(session)) == hook.id

    session.execute(text("UPDATE hooks SET status = 'cancelled', closed_at = durable_now()"))
    run(session, retire)
    assert len(signing_keys(session)) == 1
    with pytest.raises(InvalidToken):
        verify_hook_token(old, signing_keys(session))
