"""What a continued run does in the chaos suite: a row for each time the step ran, one effect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLES = """
    CREATE TABLE IF NOT EXISTS chaos_steps (
        id bigserial PRIMARY KEY, run_id text NOT NULL, outcome jsonb NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE TABLE IF NOT EXISTS chaos_effects (run_id text NOT NULL, outcome jsonb NOT NULL);
"""


def make_tables() -> None:
    """The tables of the effects; they are in nobody's migrations."""
    with session_scope() as session:
        session.execute(text(TABLES))


def carry_out(run_id: str, outcome: Mapping[str, Any]) -> None:
    """Note that the step ran; have the effect if no earlier try of the same run had it.

    There is no unique key: two effects would be seen.
    """
    values = {"run_id": run_id, "outcome": json.dumps(dict(outcome))}
    with session_scope() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:run_id))"), values)
        session.execute(
            text("INSERT INTO chaos_steps (run_id, outcome) VALUES (:run_id, :outcome)"), values
        )
        session.execute(
            text(
                "INSERT INTO chaos_effects (run_id, outcome) "
                "SELECT :run_id, CAST(:outcome AS jsonb) WHERE NOT EXISTS "
                "(SELECT FROM chaos_effects WHERE run_id = :run_id)"
            ),
            values,
        )
