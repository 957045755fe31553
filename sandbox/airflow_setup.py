"""Make Airflow's metadata ready: schema, then everything in ``airflow_settings.yaml``.

Run by the stack in a process of its own (``python -m sandbox.airflow_setup``), because
importing Airflow fixes its configuration.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from sandbox.environment import ROOT
from sandbox.settings_file import read_settings_file

if TYPE_CHECKING:
    from pathlib import Path


def migrate_metadata() -> None:
    """Bring Airflow's own schema to this version; quick when it is there already."""
    from airflow.utils.db import upgradedb

    upgradedb()


def load_settings_file(path: Path) -> None:
    """Write the file's connections, pools and variables into the metadata; the file wins."""
    from airflow.models import Connection, Pool, Variable
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    sections = read_settings_file(path, os.environ)
    with create_session() as session:
        for item in sections["connections"]:
            extra = item.get("conn_extra")
            session.execute(delete(Connection).where(Connection.conn_id == item["conn_id"]))
            session.add(
                Connection(
                    conn_id=item["conn_id"],
                    conn_type=item["conn_type"],
                    host=item.get("conn_host"),
                    schema=item.get("conn_schema"),
                    login=item.get("conn_login"),
                    password=item.get("conn_password"),
                    port=item.get("conn_port"),
                    extra=json.dumps(extra) if isinstance(extra, dict) else extra,
                )
            )
        for item in sections["pools"]:
            Pool.create_or_update_pool(
                item["pool_name"],
                slots=item["pool_slot"],
                description=item["pool_description"],
                include_deferred=False,
                session=session,
            )
        for item in sections["variables"]:
            Variable.set(item["variable_name"], item["variable_value"], session=session)


def main() -> None:
    """Migrate (unless ``--settings-only``), then load the settings file."""
    if "--settings-only" not in sys.argv:
        migrate_metadata()
    load_settings_file(ROOT / "airflow_settings.yaml")


if __name__ == "__main__":
    main()
