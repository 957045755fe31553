"""The scripted chat server for tests: served in a thread, scripted and read over HTTP."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn

from include.agents.config import ModelConfig, parse_config
from sandbox.chat_server import MODEL_NAME, create_app

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Chat:
    """A running scripted server."""

    url: str

    def reset(self) -> None:
        self.script(lacks=[])
        httpx.delete(f"{self.url}/sandbox/requests").raise_for_status()

    def script(self, kind: str = "", **more: Any) -> None:
        """Make the next call (or `times` calls) go wrong; see the server."""
        httpx.post(f"{self.url}/sandbox/script", json={"kind": kind, **more}).raise_for_status()

    def seen(self) -> list[dict[str, Any]]:
        """The bodies of the requests that came in."""
        bodies: list[dict[str, Any]] = httpx.get(f"{self.url}/sandbox/requests").json()
        return bodies

    def config(self, **extra: Any) -> ModelConfig:
        """A configuration that reaches it, with a known price."""
        prices = {MODEL_NAME: {"input": 1, "output": 4}}
        return parse_config(
            f"{self.url}/v1", "key", {"model": MODEL_NAME, "prices": prices, **extra}
        )

    def connection(self, **extra: Any) -> str:
        """The same as a value of AIRFLOW_CONN_GTM_FEEDBACK_LLM."""
        prices = {MODEL_NAME: {"input": 1, "output": 4}}
        extra = {"model": MODEL_NAME, "prices": prices, **extra}
        return json.dumps({"conn_type": "http", "host": self.url, "password": "k", "extra": extra})


@contextmanager
def serve() -> Iterator[Chat]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(create_app(), host="127.0.0.1", port=port, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        thread.join(0.01)
    assert server.started
    yield Chat(f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join(10)
