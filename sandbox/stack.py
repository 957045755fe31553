"""Start, stop and inspect the whole sandbox: PostgreSQL, the stand-ins, and Airflow's components.

``python -m sandbox.stack up|down|status|restart NAME|kill NAME``; ``run MODULE`` runs a
module of the product in the sandbox's environment. The processes are run by supervisord, which
keeps them alive when the terminal is closed and restarts one that dies.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from sandbox.cluster import (
    cluster_programs,
    has_proxy,
    missing_packages,
    workers_ready,
    write_cluster_files,
)
from sandbox.environment import ADMIN_PASSWORD, PASSWORDS, ROOT, Sandbox, metadata
from sandbox.postgres import ensure_database, server_programs, start_server, stop_server
from sandbox.programs import AIRFLOW_PROGRAMS, standins, stop_programs, supervisord_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.matching.embed import OpenAIEmbedder

START_SECONDS = 300.0
CLUSTER_START_SECONDS = 900.0
"""Nine Airflow processes that all import at once, on a machine that may have two cores."""
STOP_SECONDS = 180.0


class StackError(Exception):
    """The sandbox could not be started; the message says what to look at."""


class Stack:
    """The sandbox's processes. ``up`` may be called when it runs already; it then only waits."""

    def __init__(self, sandbox: Sandbox, say: Callable[[str], None] = lambda _: None) -> None:
        self.sandbox = sandbox
        self.say = say
        self.logs = sandbox.state / "logs"
        self.config = sandbox.state / "supervisord.conf"
        self.socket = sandbox.state / "supervisor.sock"

    def up(self) -> None:
        """Start whatever is not running and return when Airflow answers and is healthy."""
        self.logs.mkdir(parents=True, exist_ok=True)
        running = self.is_running()
        if running:
            self._check_shape()
            self._check_same_ports()
        else:
            self._check_programs()
            self._check_ports()
        self.say("Starting PostgreSQL")
        environment = self.start_database()
        if running:
            self._control("start", "all")
        else:
            self._prepare_airflow(environment)
            self.say("Starting Airflow and the stand-ins for Slack and the embeddings API")
            self._write_config(environment["FEEDBACK_DB_HOST"])
            subprocess.run(
                [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.config)],
                check=True,
                env=environment,
                cwd=ROOT,
            )
        self.wait_ready()

    def down(self) -> None:
        """Stop everything; the state stays."""
        if self.is_running():
            pid = int((self.sandbox.state / "supervisord.pid").read_text())
            stop_programs(self.sandbox.state)
            self._control("shutdown")
            _poll(lambda: not _alive(pid), STOP_SECONDS, "supervisord did not stop")
        stop_server(self.sandbox.postgres_folder)

    def start_database(self) -> dict[str, str]:
        """Start PostgreSQL with both databases, the product's migrated; returns the environment."""
        from include.base.connections import ConnectionInfo
        from include.store.migrate import upgrade
        from include.store.session import database_url

        server = start_server(self.sandbox.postgres_folder)
        for name in ("airflow", "feedback"):
            ensure_database(server, name)
        info = ConnectionInfo("feedback_db", host=server.host, login=server.user, schema="feedback")
        upgrade(database_url(info))
        return self.sandbox.environment(server.host)

    def postgres_host(self) -> str:
        """The running server's socket folder."""
        return start_server(self.sandbox.postgres_folder).host

    def embedder(self) -> OpenAIEmbedder:
        """A client of the sandbox's embeddings server."""
        return self.embedder_at(self.sandbox.embeddings_url)

    @staticmethod
    def embedder_at(url: str) -> OpenAIEmbedder:
        """A client of an embeddings server like the sandbox's."""
        from include.matching.embed import OpenAIEmbedder

        return OpenAIEmbedder(base_url=f"{url}/v1", api_key="sandbox", model="all-MiniLM-L6-v2")

    def start(self, *programs: str) -> None:
        """Start single programs again."""
        self._control("start", *programs)

    def stop(self, *programs: str) -> None:
        """Stop single programs (SIGTERM)."""
        self._control("stop", *programs)

    def kill(self, program: str) -> None:
        """``kill -9`` a program's whole process group; supervisord starts it again."""
        os.killpg(os.getpgid(self.pid(program)), signal.SIGKILL)

    def pid(self, program: str) -> int:
        """Process id of a running program."""
        return int(self._control("pid", program).strip())

    def status(self) -> str:
        """What supervisord says of each program."""
        return self._control("status") if self.is_running() else "not running\n"

    def run(self, module: str, *arguments: str) -> int:
        """Run a module as the sandbox's processes run; returns its exit code.

        Raises:
            StackError: the sandbox is not running.
        """
        if not self.is_running():
            raise StackError("it is not running; start it with `make demo`")
        completed = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self.sandbox.environment(self.postgres_host()),
            cwd=ROOT,
            check=False,
        )
        return completed.returncode

    def psql(self, *arguments: str) -> int:
        """Open a shell on the product's database, whether Airflow runs or not; its exit code."""
        server = start_server(self.sandbox.postgres_folder)
        program = shutil.which("psql") or str(
            server_programs(self.sandbox.postgres_folder) / "psql"
        )
        return subprocess.run([program, server.uri("feedback"), *arguments], check=False).returncode

    def is_running(self) -> bool:
        """Whether supervisord answers."""
        if not self.socket.exists():
            return False
        return "refused" not in self._control("pid") and "no such file" not in self._control("pid")

    def wait_ready(self) -> None:
        """Wait until every component is healthy and the main DAG can be started.

        Raises:
            StackError: not in time; the message names what is missing and the logs.
        """
        missing = ["everything"]
        seconds = CLUSTER_START_SECONDS if self.sandbox.cluster else START_SECONDS

        def ready() -> bool:
            missing[:] = self._not_ready()
            return not missing

        _poll(
            ready,
            seconds,
            lambda: f"not ready after {seconds:.0f} s: {', '.join(missing)}. See {self.logs}",
        )

    def _not_ready(self) -> list[str]:
        missing = [
            name
            for name, url in (
                ("embeddings", f"{self.sandbox.embeddings_url}/healthz"),
                ("slack", f"{self.sandbox.slack_url}/healthz"),
            )
            if _get(url) is None
        ]
        health = _get(f"{self.sandbox.airflow_url}/api/v2/monitor/health")
        if health is None:
            return [*missing, "api-server"]
        parts = json.loads(health)
        missing += [
            name
            for name in ("metadatabase", "scheduler", "triggerer", "dag_processor")
            if (parts.get(name) or {}).get("status") != "healthy"
        ]
        token = _token(self.sandbox.airflow_url)
        dag = token and _get(
            f"{self.sandbox.airflow_url}/api/v2/dags/process_customer_entry", token
        )
        if not dag:
            missing.append("the DAG process_customer_entry")
        if self.sandbox.cluster and not missing:
            missing += sorted({"worker", "worker-2"} - workers_ready(self.sandbox))
        return missing

    def _prepare_airflow(self, environment: dict[str, str]) -> None:
        logins = self.sandbox.state / "logins.json"
        logins.write_text(json.dumps(PASSWORDS), encoding="utf-8")
        (self.sandbox.state / "airflow").mkdir(exist_ok=True)
        stamp = self.sandbox.state / "airflow" / "migrated"
        version = (ROOT / "requirements-airflow.txt").read_text(encoding="utf-8")
        migrated = stamp.exists() and stamp.read_text(encoding="utf-8") == version
        self.say("Loading settings" if migrated else "Preparing Airflow's database (once)")
        command = [sys.executable, "-m", "sandbox.airflow_setup"]
        with (self.logs / "setup.log").open("wb") as log:
            completed = subprocess.run(
                command + (["--settings-only"] if migrated else []),
                # Not through PgBouncer: a migration holds a lock of its session.
                env=environment | metadata(environment["FEEDBACK_DB_HOST"]),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if completed.returncode != 0:
            raise StackError(f"Airflow's database could not be prepared; see {log.name}")
        stamp.write_text(version, encoding="utf-8")

    def _check_shape(self) -> None:
        """A sandbox that runs stays what it is: one machine or a cluster."""
        is_cluster = "[program:redis]" in self.config.read_text(encoding="utf-8")
        if is_cluster != self.sandbox.cluster:
            other = "a cluster" if is_cluster else "one machine"
            raise StackError(f"it runs as {other}; stop it with `make stop` first")
        if ("[program:traces]" in self.config.read_text(encoding="utf-8")) != self.sandbox.traces:
            other = "without traces" if self.sandbox.traces else "with TRACES=1"
            raise StackError(f"it runs {other}; stop it with `make stop` first")

    def _check_programs(self) -> None:
        if self.sandbox.cluster and (missing := missing_packages()):
            raise StackError(
                f"a cluster needs {' and '.join(missing)}; on Debian: "
                f"apt-get install {' '.join(missing)} haproxy"
            )

    def _write_config(self, postgres_host: str) -> None:
        noted = self.sandbox.state / "ports.json"
        noted.write_text(json.dumps(self._ports()), encoding="utf-8")
        if self.sandbox.cluster:
            write_cluster_files(self.sandbox, postgres_host)
        commands = programs(self.sandbox)
        text = supervisord_config(self.sandbox.state, self.logs, commands)
        self.config.write_text(text, encoding="utf-8")

    def _ports(self) -> dict[str, int]:
        ports = {
            "AIRFLOW_PORT": self.sandbox.airflow_port,
            "SLACK_SANDBOX_PORT": self.sandbox.slack_port,
            "EMBEDDINGS_PORT": self.sandbox.embeddings_port,
        }
        if self.sandbox.cluster and has_proxy():
            first = self.sandbox.api_server_port
            ports |= {"API_SERVER_PORT": first, "API_SERVER_PORT (the next one)": first + 1}
        if self.sandbox.traces:
            ports["TRACES_PORT"] = self.sandbox.traces_port
        return ports

    def _check_same_ports(self) -> None:
        """Say where the running sandbox is, instead of waiting for it on other ports."""
        noted = self.sandbox.state / "ports.json"
        ports = json.loads(noted.read_text(encoding="utf-8")) if noted.exists() else self._ports()
        if ports != self._ports():
            there = " ".join(f"{name}={port}" for name, port in ports.items())
            raise StackError(
                f"the sandbox in {self.sandbox.state} runs already, with {there}. Use these ports, "
                "stop it with `make stop`, or set SANDBOX_STATE to another folder to run a second "
                "one beside it"
            )

    def _check_ports(self) -> None:
        for name, port in self._ports().items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    raise StackError(
                        f"port {port} is in use by another program; set {name} to a free one"
                    ) from None

    def _control(self, *arguments: str) -> str:
        completed = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisorctl", "-c", str(self.config), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        return completed.stdout + completed.stderr


def programs(sandbox: Sandbox) -> dict[str, str]:
    """Command of each program, in the order in which they start."""
    if sandbox.cluster:
        return cluster_programs(sandbox)
    return standins(sandbox) | AIRFLOW_PROGRAMS


def _token(airflow_url: str) -> str | None:
    body = json.dumps({"username": "admin", "password": ADMIN_PASSWORD}).encode()
    request = urllib.request.Request(
        f"{airflow_url}/auth/token", data=body, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            token: str = json.load(response)["access_token"]
            return token
    except (OSError, ValueError, KeyError):
        return None


def _get(url: str, token: str | None = None) -> str | None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=5
        ) as response:
            text: str = response.read().decode()
            return text
    except (OSError, urllib.error.HTTPError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _poll(condition: Callable[[], bool], seconds: float, message: str | Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(message if isinstance(message, str) else message())
        time.sleep(0.25)


def main() -> None:
    """Command line of the sandbox."""
    action, *rest = sys.argv[1:] or ["status"]
    stack = Stack(Sandbox.from_environment(), say=lambda line: print(line, flush=True))
    try:
        if action == "up":
            stack.up()
        elif action == "down":
            stack.down()
        elif action == "restart":
            stack.stop(*rest)
            stack.start(*rest)
        elif action == "kill":
            stack.kill(rest[0])
        elif action == "run":
            sys.exit(stack.run(*rest))
        elif action == "psql":
            sys.exit(stack.psql(*rest))
        else:
            sys.stdout.write(stack.status())
    except StackError as error:
        sys.exit(f"sandbox: {error}")


if __name__ == "__main__":
    main()
