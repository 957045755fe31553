"""The sandbox's processes, and the supervisord that runs them."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from xmlrpc.client import Fault

from sandbox.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sandbox.environment import Sandbox

AIRFLOW = f"{sys.executable} -m airflow"
AIRFLOW_PROGRAMS = {
    name: f"{AIRFLOW} {name}" for name in ("api-server", "scheduler", "dag-processor", "triggerer")
}

STOPPED_FIRST = {"scheduler", "dag-processor", "triggerer", "worker"}
"""Whoever asks the API server; it, and what Airflow stands on, end after them."""


def standins(sandbox: Sandbox) -> dict[str, str]:
    """The stand-ins for the embeddings API, Slack and, if asked for, an OpenTelemetry collector."""
    python, state = sys.executable, sandbox.state / "slack"
    found = {
        "embeddings": f"{python} -m sandbox.embeddings_server --port {sandbox.embeddings_port}",
        "slack": f"{python} -m sandbox.slack --port {sandbox.slack_port} --state {state}",
    }
    if sandbox.traces:
        port, folder = sandbox.traces_port, sandbox.traces_folder
        found["traces"] = f"{python} -m sandbox.traces --port {port} --state {folder}"
    return found


def supervisord_config(state: Path, logs: Path, commands: Mapping[str, str]) -> str:
    """The text of supervisord's configuration."""
    socket = state / "supervisor.sock"
    sections = "".join(
        f"\n[program:{name}]\ncommand={command}\ndirectory={ROOT}\nautorestart=true\n"
        f"priority={number}\nstartretries=20\nstartsecs=1\nstopasgroup=true\nkillasgroup=true\n"
        f"stopwaitsecs=20\nstdout_logfile={logs}/{name}.log\nstdout_logfile_maxbytes=20MB\n"
        f"stdout_logfile_backups=1\nredirect_stderr=true\n"
        for number, (name, command) in enumerate(commands.items())
    )
    return (
        f"[supervisord]\nlogfile={logs}/supervisord.log\n"
        f"pidfile={state}/supervisord.pid\nminfds=1024\n"
        f"\n[unix_http_server]\nfile={socket}\nchmod=0700\n"
        "\n[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        f"\n[supervisorctl]\nserverurl=unix://{socket}\n{sections}"
    )


def stop_programs(state: Path) -> None:
    """Stop what supervisord runs, but not itself: first who works, then who is asked.

    Left to itself it stops one program after the other, and several of Airflow's take the whole
    ``stopwaitsecs``: a cluster would need minutes. Leaves it to itself if it is shutting down.

    Raises:
        OSError: supervisord does not answer.
    """
    from supervisor.childutils import getRPCInterface

    url = f"unix://{state / 'supervisor.sock'}"
    supervisor = getRPCInterface({"SUPERVISOR_SERVER_URL": url}).supervisor
    with suppress(Fault, HTTPException):
        names = _running(supervisor)
        workers = {name for name in names if name.removesuffix("-2") in STOPPED_FIRST}
        for together in (workers, names - workers):
            for name in together:
                with suppress(Fault):
                    supervisor.stopProcess(name, False)
            while together & _running(supervisor):
                time.sleep(0.2)


def _running(supervisor: Any) -> set[str]:
    """Names of the programs that have not ended."""
    from supervisor.states import STOPPED_STATES

    return {
        str(program["name"])
        for program in supervisor.getAllProcessInfo()
        if program["state"] not in STOPPED_STATES
    }
