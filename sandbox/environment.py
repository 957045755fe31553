"""Where the sandbox keeps its state, its ports, and the environment of its processes."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from sandbox import e5
from sandbox.settings_file import connection_variables

ROOT = Path(__file__).resolve().parents[1]
ADMIN_PASSWORD = "admin"
PGBOUNCER_PORT = 6432
"""Part of the name of PgBouncer's socket, which lies beside PostgreSQL's."""

ROLES = {"admin": "admin", "olga": "op", "uma": "user", "vic": "viewer"}
"""Airflow users of the sandbox; everybody but the administrator has their name as password."""

PASSWORDS = {name: name for name in ROLES} | {"admin": ADMIN_PASSWORD}


@dataclass(frozen=True)
class Sandbox:
    """One sandbox: its state folder, its ports, and whether it is a cluster.

    ``api_server_port`` is the first of the two ports of a cluster's API servers; its proxy has
    Airflow's port. ``traces`` switches OpenTelemetry on, with a receiver on ``traces_port``.
    """

    state: Path
    airflow_port: int
    slack_port: int
    embeddings_port: int
    cluster: bool = False
    api_server_port: int = 8093
    traces: bool = False
    traces_port: int = 8095

    @classmethod
    def from_environment(cls) -> Sandbox:
        """As SANDBOX_STATE, CLUSTER and the variables of the ports say."""
        return cls(
            state=Path(os.environ.get("SANDBOX_STATE", ROOT / ".sandbox")).resolve(),
            airflow_port=int(os.environ.get("AIRFLOW_PORT", "8080")),
            slack_port=int(os.environ.get("SLACK_SANDBOX_PORT", "8091")),
            embeddings_port=int(os.environ.get("EMBEDDINGS_PORT", "8092")),
            cluster=os.environ.get("CLUSTER", "") not in ("", "0"),
            api_server_port=int(os.environ.get("API_SERVER_PORT", "8093")),
            traces=os.environ.get("TRACES", "") not in ("", "0"),
            traces_port=int(os.environ.get("TRACES_PORT", "8095")),
        )

    @property
    def postgres_folder(self) -> Path:
        """The database server's data."""
        return self.state / "postgres"

    @property
    def redis_socket(self) -> Path:
        """Where a cluster's Redis listens."""
        return self.state / "redis" / "redis.sock"

    @property
    def traces_folder(self) -> Path:
        """What the stand-in for an OpenTelemetry collector has received."""
        return self.state / "traces"

    @property
    def traces_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.traces_port}"

    @property
    def airflow_url(self) -> str:
        """Airflow's page and API."""
        return f"http://127.0.0.1:{self.airflow_port}"

    @property
    def slack_url(self) -> str:
        """The Slack stand-in's page and API."""
        return f"http://127.0.0.1:{self.slack_port}"

    @property
    def embeddings_url(self) -> str:
        """The embeddings server."""
        return f"http://127.0.0.1:{self.embeddings_port}"

    def keys(self) -> dict[str, str]:
        """Random keys of this sandbox, made on first use and kept in its state folder."""
        path = self.state / "keys.json"
        if not path.exists():
            self.state.mkdir(parents=True, exist_ok=True)
            keys = {
                "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "jwt": secrets.token_urlsafe(32),
                "api": secrets.token_urlsafe(32),
                "slack_signing_secret": secrets.token_hex(16),
                "slack_bot_token": f"xoxb-sandbox-{secrets.token_hex(12)}",
            }
            path.touch(mode=0o600)
            path.write_text(json.dumps(keys), encoding="utf-8")
        loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return loaded

    def environment(self, postgres_host: str) -> dict[str, str]:
        """Environment of all sandbox processes, Airflow's among them."""
        keys = self.keys()
        found = (
            os.environ
            | shipped_settings()
            | {
                "PYTHONPATH": str(ROOT),
                # Set, it would make every task compile again what it imports.
                "PYTHONDONTWRITEBYTECODE": "",
                "SANDBOX_STATE": str(self.state),
                "SANDBOX_IMPORTS": str(ROOT / "data"),
                "AIRFLOW_PORT": str(self.airflow_port),
                "SLACK_SANDBOX_PORT": str(self.slack_port),
                "EMBEDDINGS_PORT": str(self.embeddings_port),
                # Without a compiler there is no second model, and the connection names no host.
                "EMBEDDINGS_OTHER_HOST": "http://127.0.0.1" if e5.is_possible() else "",
                "FEEDBACK_DB_HOST": postgres_host,
                "SLACK_SANDBOX_BOT_TOKEN": keys["slack_bot_token"],
                "SLACK_SANDBOX_SIGNING_SECRET": keys["slack_signing_secret"],
                "SLACK_SANDBOX_APP_TOKEN": f"xapp-{keys['slack_bot_token']}",
                "SLACK_SANDBOX_MANIFEST": str(ROOT / "slack" / "manifest.yaml"),
                "SLACK_SANDBOX_UNFURL_DOMAINS": "127.0.0.1",
                "SLACK_SANDBOX_RELAY_URL": f"{self.airflow_url}/slack/events",
                "SANDBOX_AIRFLOW_PASSWORD": ADMIN_PASSWORD,
                "AIRFLOW_HOME": str(self.state / "airflow"),
                "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
                "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
                # Another one only for measuring.
                "AIRFLOW__CORE__EXECUTOR": os.environ.get("SANDBOX_EXECUTOR", "LocalExecutor"),
                # More processes than tasks at once (the pools say how many): one is sometimes kept
                # by a task that has ended, see MIN_HEARTBEAT_INTERVAL in deploy/airflow.env.
                "AIRFLOW__CORE__PARALLELISM": "12",
                "AIRFLOW__CORE__FERNET_KEY": keys["fernet"],
                "AIRFLOW__CORE__AUTH_MANAGER": (
                    "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
                ),
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
                    f"{name}:{role}" for name, role in ROLES.items()
                ),
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(
                    self.state / "logins.json"
                ),
                "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.airflow_url}/execution/",
                "AIRFLOW__API__HOST": "127.0.0.1",
                "AIRFLOW__API__PORT": str(self.airflow_port),
                "AIRFLOW__API__BASE_URL": self.airflow_url,
                "AIRFLOW__API__WORKERS": "1",
                "AIRFLOW__API__SECRET_KEY": keys["api"],
                "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt"],
                "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
                # Two sandboxes on one machine must not share the log servers' fixed ports.
                "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.airflow_port + 713),
                "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.airflow_port + 714),
                # With more BLAS threads the local model's small products take ten times longer.
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
            }
        )
        found |= metadata(postgres_host, PGBOUNCER_PORT if self.cluster else 5432)
        if self.traces:
            found |= telemetry(self.traces_url)
        if self.cluster:
            found |= shipped_settings("celery.env") | {
                "AIRFLOW__CELERY__BROKER_URL": f"redis+socket://{self.redis_socket}",
                # One process sends a scheduler's tasks; by default each loop starts a pool of them.
                "AIRFLOW__CELERY__SYNC_PARALLELISM": "1",
            }
        return found | connection_variables(ROOT / "airflow_settings.yaml", found)


def metadata(postgres_host: str, port: int = 5432) -> dict[str, str]:
    """Where Airflow's metadata is: a folder with sockets, and the port in the socket's name."""
    url = f"postgresql+psycopg://postgres@/airflow?host={postgres_host}&port={port}"
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": url,
    }


def telemetry(url: str) -> dict[str, str]:
    """Airflow's OpenTelemetry settings: traces and metrics, over HTTP."""
    return {
        "AIRFLOW__TRACES__OTEL_ON": "True",
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "OTEL_TRACES_EXPORTER": "otlp_proto_http",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_SERVICE_NAME": "airflow",
    }


def shipped_settings(name: str = "airflow.env") -> dict[str, str]:
    """The settings of a file in ``deploy``; the Docker image has those of ``airflow.env`` too."""
    lines = (ROOT / "deploy" / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}
