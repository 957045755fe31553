"""What Airflow's own engines need behind PgBouncer in transaction mode (``deploy/celery.env``)."""

from __future__ import annotations

from typing import Any

NO_PREPARED_STATEMENTS: dict[str, Any] = {"prepare_threshold": None}
"""Arguments of ``psycopg.connect``, for ``[database] sql_alchemy_connect_args``."""
