"""Thousands of open waits from a real one: its rows copied, under new names.

A real run takes half a second to start, so ten thousand cannot be made each time. A copy has every
row that the real run has: Airflow's run, task instances, trigger, note and approval, and the
product's hook and parked run. The scheduler, the triggerer and the keeper treat it as they treat
the original; a copy can be answered and goes on.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from psycopg import errors, sql

from benchmarks.stand import BenchmarkError
from include.durable.keys import hook_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    Connection = psycopg.Connection[Any]

HOOK_NAME = "answer"
ATTEMPTS = 10
OMITTED = {
    "dag_run": {"id"},
    "trigger": {"id"},
    "hooks": {"id", "next_at"},
    "parked_runs": {"id"},
}


def clone_runs(
    metadata: Connection, product: Connection, dag_id: str, original: str, names: Sequence[str]
) -> None:
    """Copy one waiting run to each of ``names``, in both databases.

    The product's rows come first: a trigger that starts must find its hook.
    """
    tasks = metadata.execute(
        "SELECT id, task_id, trigger_id FROM task_instance WHERE dag_id = %s AND run_id = %s",
        (dag_id, original),
    ).fetchall()
    if not tasks:
        raise BenchmarkError(f"run {original} of {dag_id} has no task instances to copy")
    ids = {task_id: [str(uuid.uuid4()) for _ in names] for _, task_id, _ in tasks}
    run = {"run_id": list(names)}
    where = {"dag_id": dag_id, "run_id": original}
    keys = [hook_key(dag_id, name, HOOK_NAME) for name in names]
    hooks = run | {"key": keys}
    if "wait" in ids:
        hooks |= {"waiter": ids["wait"]}
    with product.transaction():
        _copy(product, "hooks", where, hooks)
        _copy(product, "parked_runs", where, run)
    with metadata.transaction():
        _copy(metadata, "dag_run", where, run)
        for old_id, task_id, trigger_id in tasks:
            values: dict[str, list[Any]] = run | {"id": ids[task_id]}
            if trigger_id is not None:
                values |= {"trigger_id": _triggers(metadata, trigger_id, len(names))}
            _copy(metadata, "task_instance", where | {"task_id": task_id}, values)
            _copy(metadata, "hitl_detail", {"ti_id": old_id}, {"ti_id": ids[task_id]})
        _copy(metadata, "rendered_task_instance_fields", where, run)
        metadata.execute(
            "INSERT INTO dag_run_note (user_id, dag_run_id, content, created_at, updated_at)"
            " SELECT n.user_id, c.id, n.content, n.created_at, n.updated_at"
            " FROM dag_run_note n JOIN dag_run o ON o.id = n.dag_run_id"
            " JOIN dag_run c ON c.dag_id = o.dag_id AND c.run_id = ANY(%s)"
            " WHERE o.dag_id = %s AND o.run_id = %s",
            (list(names), dag_id, original),
        )
    for connection, tables in (
        (product, ("hooks", "parked_runs")),
        (metadata, ("dag_run", "task_instance", "trigger")),
    ):
        for table in tables:
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))


def remove_runs(metadata: Connection, product: Connection, dag_ids: Sequence[str]) -> None:
    """Forget all runs of these DAGs, so that the next system starts with no wait."""
    ids = list(dag_ids)
    for table in ("parked_runs", "hooks"):
        product.execute(
            sql.SQL("DELETE FROM {} WHERE dag_id = ANY(%s)").format(sql.Identifier(table)), (ids,)
        )
    for attempt in range(ATTEMPTS):
        try:
            with metadata.transaction():
                metadata.execute(
                    "DELETE FROM trigger WHERE id IN (SELECT trigger_id FROM task_instance"
                    " WHERE dag_id = ANY(%s) AND trigger_id IS NOT NULL)",
                    (ids,),
                )
                metadata.execute("DELETE FROM dag_run WHERE dag_id = ANY(%s)", (ids,))
            return
        except errors.DeadlockDetected:  # the scheduler was at one of these rows
            if attempt == ATTEMPTS - 1:
                raise


def _triggers(metadata: Connection, trigger_id: int, count: int) -> list[int]:
    """Copies of a trigger, for the triggerer to take."""
    columns = [c for c in _columns(metadata, "trigger") if c not in ("id", "triggerer_id")]
    names = sql.SQL(", ").join(sql.Identifier(c) for c in columns)
    rows = metadata.execute(
        sql.SQL(
            "INSERT INTO trigger ({names}) SELECT {names} FROM trigger, generate_series(1, %s)"
            " WHERE id = %s RETURNING id"
        ).format(names=names),
        (count, trigger_id),
    ).fetchall()
    return [row[0] for row in rows]


def _copy(
    connection: Connection, table: str, where: dict[str, Any], values: dict[str, list[Any]]
) -> None:
    """Each row of ``where``, once for each position of the lists in ``values``."""
    columns = _columns(connection, table)
    kinds = {name: columns[name] for name in values}
    kept = [name for name in columns if name not in OMITTED.get(table, set())]
    source = sql.SQL(", ").join(
        sql.Identifier("n" if name in values else "t", name) for name in kept
    )
    arrays = sql.SQL(", ").join(
        sql.SQL("{}::{}[]").format(sql.Placeholder(), sql.SQL(kind)) for kind in kinds.values()
    )
    condition = sql.SQL(" AND ").join(
        sql.SQL("t.{} = {}").format(sql.Identifier(name), sql.Placeholder()) for name in where
    )
    statement = sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {source} FROM {table} t,"
        " unnest({arrays}) AS n({given}) WHERE {condition}"
    ).format(
        table=sql.Identifier(table),
        names=sql.SQL(", ").join(sql.Identifier(name) for name in kept),
        source=source,
        arrays=arrays,
        given=sql.SQL(", ").join(sql.Identifier(name) for name in values),
        condition=condition,
    )
    connection.execute(statement, [*values.values(), *where.values()])


def _columns(connection: Connection, table: str) -> dict[str, str]:
    """Names and types of a table's columns."""
    rows = connection.execute(
        "SELECT column_name, udt_name FROM information_schema.columns"
        " WHERE table_name = %s AND table_schema = 'public' ORDER BY ordinal_position",
        (table,),
    ).fetchall()
    return {str(name): str(kind) for name, kind in rows}
