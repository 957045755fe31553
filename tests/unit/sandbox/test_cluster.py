"""The sandbox as a cluster: what runs twice, where each finds the others, and what is refused."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING

import pytest

from sandbox import cluster, stack
from sandbox.environment import PGBOUNCER_PORT, Sandbox
from sandbox.programs import supervisord_config
from sandbox.stack import Stack, StackError, programs

if TYPE_CHECKING:
    from pathlib import Path

TWICE = {"scheduler", "triggerer", "worker", "api-server"}
ONE_MACHINE = {"api-server", "scheduler", "dag-processor", "triggerer", "embeddings", "slack"}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Programs of the system that are installed."""
    found = {"redis-server", "pgbouncer", "haproxy"}
    monkeypatch.setattr(cluster, "find_program", lambda name: name if name in found else None)
    return found


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path, 8680, 8681, 8682, cluster=True, api_server_port=8683)


def test_what_a_cluster_has_twice(sandbox: Sandbox, there: set[str]) -> None:
    assert there
    names = set(programs(sandbox))
    assert names == ONE_MACHINE | TWICE | {f"{name}-2" for name in TWICE} | {
        "redis",
        "pgbouncer",
        "proxy",
    }


def test_one_machine_stays_as_it_was(tmp_path: Path) -> None:
    assert set(programs(Sandbox(tmp_path, 1, 2, 3))) == ONE_MACHINE


def test_without_a_proxy_there_is_one_api_server_on_airflows_port(
    sandbox: Sandbox, there: set[str]
) -> None:
    there.remove("haproxy")
    commands = programs(sandbox)
    assert {"proxy", "api-server-2"}.isdisjoint(commands)
    assert "--port" not in commands["api-server"]


def test_the_proxy_leads_to_both_api_servers(sandbox: Sandbox, there: set[str]) -> None:
    assert there
    cluster.write_cluster_files(sandbox, "/run/pg")
    text = (sandbox.state / "haproxy.cfg").read_text(encoding="utf-8")
    assert "bind 127.0.0.1:8680" in text
    for name, port in (("api-server", 8683), ("api-server-2", 8684)):
        assert f"127.0.0.1:{port}" in text
        assert programs(sandbox)[name].endswith(f"--port {port}")


def test_airflow_reaches_its_metadata_through_pgbouncer_and_the_product_its_own_directly(
    sandbox: Sandbox, there: set[str]
) -> None:
    assert there
    environment = sandbox.environment("/run/pg")
    port = f"port={PGBOUNCER_PORT}"
    assert port in environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert port in environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"]
    assert str(PGBOUNCER_PORT) not in environment["AIRFLOW_CONN_FEEDBACK_DB"]
    cluster.write_cluster_files(sandbox, "/run/pg")
    pgbouncer = configparser.ConfigParser()
    pgbouncer.read(sandbox.state / "pgbouncer.ini")
    assert pgbouncer["pgbouncer"]["pool_mode"] == "transaction"
    assert list(pgbouncer["databases"]) == ["airflow"]


def test_a_cluster_uses_the_settings_that_are_shipped_for_celery(
    sandbox: Sandbox, there: set[str]
) -> None:
    assert there
    environment = sandbox.environment("/run/pg")
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert environment["AIRFLOW__CELERY__BROKER_URL"].endswith(str(sandbox.redis_socket))
    slots = 2 * int(environment["AIRFLOW__CELERY__WORKER_CONCURRENCY"])
    assert int(environment["AIRFLOW__CORE__PARALLELISM"]) <= slots


def test_a_cluster_says_which_packages_it_lacks(sandbox: Sandbox, there: set[str]) -> None:
    there.remove("pgbouncer")
    with pytest.raises(StackError, match=r"needs pgbouncer; on Debian: apt-get install pgbouncer"):
        Stack(sandbox).up()


@pytest.mark.parametrize("starts", [True, False], ids=["cluster", "one machine"])
def test_a_sandbox_that_runs_is_not_taken_for_another_kind(
    sandbox: Sandbox,
    there: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    starts: bool,
) -> None:
    assert there
    runs = Sandbox(tmp_path, 1, 2, 3, cluster=not starts)
    text = supervisord_config(tmp_path, tmp_path, programs(runs))
    asked = Stack(Sandbox(tmp_path, 1, 2, 3, cluster=starts))
    asked.config.write_text(text, encoding="utf-8")
    monkeypatch.setattr(stack.Stack, "is_running", lambda _: True)
    with pytest.raises(StackError, match="stop it with `make stop` first"):
        asked.up()


def test_the_second_port_of_the_api_servers_is_checked_too(
    sandbox: Sandbox, there: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert there
    probed = []

    class Probe:
        def __enter__(self) -> Probe:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def setsockopt(self, *_: object) -> None:
            return None

        def bind(self, address: tuple[str, int]) -> None:
            probed.append(address[1])
            if address[1] == 8684:
                raise OSError

    monkeypatch.setattr(stack.socket, "socket", Probe)
    with pytest.raises(StackError, match="port 8684 is in use by another program; set API_SERVER"):
        Stack(sandbox).up()
    assert probed == [8680, 8681, 8682, 8683, 8684]
