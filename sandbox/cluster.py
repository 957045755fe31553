"""The sandbox as a cluster on one machine: Celery, Redis, PgBouncer, and most components twice.

Redis and PgBouncer listen on Unix sockets in the sandbox's folders. They and HAProxy come from the
system's packages. Without HAProxy there is one API server, on Airflow's own port.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from sandbox.environment import PGBOUNCER_PORT
from sandbox.programs import AIRFLOW, AIRFLOW_PROGRAMS, standins

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.environment import Sandbox

NEEDED = ("redis-server", "pgbouncer")
"""Programs; Debian's packages have the same names."""


def find_program(name: str) -> str | None:
    """Where a program is; Debian keeps some where only root looks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")


def missing_packages() -> list[str]:
    """The packages without which there is no cluster."""
    return [program for program in NEEDED if find_program(program) is None]


def has_proxy() -> bool:
    """Whether there can be two API servers."""
    return find_program("haproxy") is not None


def cluster_programs(sandbox: Sandbox) -> dict[str, str]:
    """Command of each program. What is there twice has the name of the single one, and ``-2``."""
    commands = {
        "redis": f"{find_program('redis-server')} {sandbox.state / 'redis' / 'redis.conf'}",
        "pgbouncer": f"{find_program('pgbouncer')} {_as_owner()}{_pgbouncer_file(sandbox)}",
    }
    if has_proxy():
        first, second = sandbox.api_server_port, sandbox.api_server_port + 1
        commands |= {
            "proxy": f"{find_program('haproxy')} -db -f {sandbox.state / 'haproxy.cfg'}",
            "api-server": f"{AIRFLOW} api-server --port {first}",
            "api-server-2": f"{AIRFLOW} api-server --port {second}",
        }
    # All on this machine write their logs into one folder: one of each kind serves them.
    commands |= AIRFLOW_PROGRAMS | commands
    commands |= standins(sandbox)
    return commands | {
        "scheduler-2": AIRFLOW_PROGRAMS["scheduler"],
        "triggerer-2": f"{AIRFLOW_PROGRAMS['triggerer']} --skip-serve-logs",
        "worker": f"{AIRFLOW} celery worker --celery-hostname worker",
        "worker-2": f"{AIRFLOW} celery worker --celery-hostname worker-2 --skip-serve-logs",
    }


def write_cluster_files(sandbox: Sandbox, postgres_host: str) -> None:
    """Configurations of Redis, PgBouncer and HAProxy."""
    sandbox.redis_socket.parent.mkdir(exist_ok=True)
    files = {
        sandbox.state / "redis" / "redis.conf": _redis_config(sandbox),
        _pgbouncer_file(sandbox): _pgbouncer_config(postgres_host),
        sandbox.state / "haproxy.cfg": _haproxy_config(sandbox),
    }
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")


def workers_ready(sandbox: Sandbox) -> set[str]:
    """Names of the Celery workers that answer within a second."""
    from celery import Celery
    from kombu.exceptions import OperationalError
    from redis.exceptions import RedisError

    with Celery(broker=f"redis+socket://{sandbox.redis_socket}", set_as_current=False) as app:
        try:
            answers = app.control.ping(timeout=1.0) or []
        # Connections are kept: after a restart of Redis the first call meets a dead one.
        except (OSError, OperationalError, RedisError):
            return set()
    return {name.partition("@")[2] or name for answer in answers for name in answer}


def _as_owner() -> str:
    """PgBouncer does not run as root; PostgreSQL's sockets then belong to this user."""
    return "-u pgserver " if os.geteuid() == 0 else ""


def _pgbouncer_file(sandbox: Sandbox) -> Path:
    return sandbox.state / "pgbouncer.ini"


def _redis_config(sandbox: Sandbox) -> str:
    return (
        f"port 0\nunixsocket {sandbox.redis_socket}\nunixsocketperm 700\n"
        f'dir {sandbox.redis_socket.parent}\nappendonly yes\nsave ""\n'
    )


def _pgbouncer_config(postgres_host: str) -> str:
    return (
        "[databases]\n"
        f"airflow = host={postgres_host} dbname=airflow user=postgres\n"
        "[pgbouncer]\n"
        f"listen_addr =\nlisten_port = {PGBOUNCER_PORT}\nunix_socket_dir = {postgres_host}\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 20\nmax_client_conn = 500\n"
        # After a restart of PostgreSQL the next client tries at once, not after 15 seconds.
        "server_login_retry = 1\nignore_startup_parameters = extra_float_digits\n"
        "log_connections = 0\nlog_disconnections = 0\n"
    )


def _haproxy_config(sandbox: Sandbox) -> str:
    first = sandbox.api_server_port
    return (
        "defaults\n  mode http\n  timeout connect 2s\n  timeout client 10m\n  timeout server 10m\n"
        # A call that met a closed door goes to the other server; no other is repeated.
        "  retries 3\n  option redispatch 1\n"
        f"frontend airflow\n  bind 127.0.0.1:{sandbox.airflow_port}\n  default_backend api\n"
        "backend api\n  balance leastconn\n  option httpchk GET /api/v2/version\n"
        "  default-server check inter 2s fall 2 rise 1\n  timeout check 10s\n"
        f"  server first 127.0.0.1:{first}\n  server second 127.0.0.1:{first + 1}\n"
    )
