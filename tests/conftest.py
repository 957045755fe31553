"""What all tests share: loopback only, and one embedded PostgreSQL for those that need it."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from pytest_socket import socket_allow_hosts
from xdist.scheduler import LoadScopeScheduling

from include.workflows.hook_handlers import register_hook_handlers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.postgres import SandboxPostgres
    from tests.chat import Chat

ROOM_FOR_DATABASES = 2 * 1024**3

# How long an example takes is nothing that a test asserts.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# In Airflow a plugin does it.
register_hook_handlers()


@pytest.fixture(autouse=True)
def loopback_only() -> None:
    """Refuse every connection that would leave this machine."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[SandboxPostgres]:
    """An embedded PostgreSQL in a short temporary folder (a socket path has at most 107 bytes)."""
    from sandbox.postgres import start_server
    from sandbox.watchdog import tidied_up

    settings = {"fsync": "off", "synchronous_commit": "off", "max_wal_size": "256MB"}
    with tidied_up(Path(tempfile.mkdtemp(prefix="gtm-pg-", dir=_in_memory()))) as folder:
        yield start_server(folder / "data", **settings)
        gc.collect()


def _in_memory() -> Path | None:
    """A folder in memory with room for the databases; ``None`` where there is none.

    A test's database has six hundred files. To make them takes half a second on some disks.
    """
    folder = Path("/dev/shm")
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        return None
    return folder if shutil.disk_usage(folder).free > ROOM_FOR_DATABASES else None


class OneAirflow(LoadScopeScheduling):
    """Shares the test files out to the processes of ``make test``; one process has the Airflow.

    (The marks of ``--dist loadgroup`` are not seen with pytest 9.2 and xdist 3.8: a worker changes
    ``_nodeid`` and reports ``nodeid``.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "airflow" if file.startswith("tests/e2e/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneAirflow:
    """Xdist's hook."""
    return OneAirflow(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the one running Airflow comes first, as it takes longest and mostly waits.

    The files with processes of Airflow's come next.

    Raises:
        pytest.UsageError: two tests have one name; only one of them would be run.
    """
    names = Counter(item.nodeid for item in items)
    if twice := sorted(name for name, count in names.items() if count > 1):
        raise pytest.UsageError(f"several tests are called {', '.join(twice)}; name them apart")
    running, slow = Path(__file__).parent / "e2e", Path(__file__).parent / "dags"
    items.sort(
        key=lambda item: (running not in item.path.parents, slow not in item.path.parents),
    )


@pytest.fixture(scope="session")
def chat_served() -> Iterator[Chat]:
    """The scripted chat server, in this process."""
    from tests.chat import serve

    with serve() as chat:
        yield chat


@pytest.fixture
def chat(chat_served: Chat) -> Chat:
    """The scripted chat server, without a script and with nothing seen."""
    chat_served.reset()
    return chat_served
