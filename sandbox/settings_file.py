"""``airflow_settings.yaml``: the connections, pools and variables of a local start."""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

IN_ENVIRONMENT = ("feedback_db",)
"""Connections that processes get as a variable too: every task needs them, and to ask Airflow for
one takes a task 10 ms. Nobody edits them in the UI of a sandbox, which has its own database."""


def read_settings_file(
    path: Path, environment: Mapping[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """The file's sections, each ``${NAME}`` replaced from the environment (a missing one fails)."""
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    loaded = yaml.safe_load(string.Template(text).substitute(environment))["airflow"]
    return {name: loaded.get(name) or [] for name in ("connections", "pools", "variables")}


def connection_variables(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """``AIRFLOW_CONN_<ID>`` of the connections `IN_ENVIRONMENT`, as the file has them."""
    found = {}
    for item in read_settings_file(path, environment)["connections"]:
        name = f"AIRFLOW_CONN_{item['conn_id'].upper()}"
        if item["conn_id"] in IN_ENVIRONMENT:
            parts = {
                key.removeprefix("conn_"): value
                for key, value in item.items()
                if key != "conn_id" and value is not None
            }
            parts["conn_type"] = parts.pop("type")
            found[name] = json.dumps(parts)
    return found
