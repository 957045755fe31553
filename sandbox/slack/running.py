"""Run the sandbox as a process of its own, for tests."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from sandbox.slack.client import SlackSandbox
from sandbox.slack.settings import DEFAULT_SIGNING_SECRET, HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


@contextlib.contextmanager
def running_sandbox(
    state: Path,
    relay_url: str,
    *,
    port: int | None = None,
    signing_secret: str = DEFAULT_SIGNING_SECRET,
    extra: tuple[str, ...] = (),
) -> Iterator[SlackSandbox]:
    """Start the sandbox, yield a client, end the process.

    Raises:
        RuntimeError: It did not answer within 20 seconds, or ended at once.
    """
    port = port or free_port()
    argv = [sys.executable, "-m", "sandbox.slack", "--port", str(port)]
    argv += ["--state", str(state), "--relay-url", relay_url, "--signing-secret", signing_secret]
    process = subprocess.Popen(
        [*argv, *extra],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.DEVNULL,
    )
    try:
        url = f"http://{HOST}:{port}"
        _wait_until_healthy(url, process)
        with SlackSandbox(url) as client:
            yield client
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the sandbox ended at once with {process.returncode}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/healthz", timeout=2, trust_env=False).status_code == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the sandbox did not answer at {url} within 20 s")
