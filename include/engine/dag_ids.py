"""The ids of the DAGs that other code starts or looks up."""

from __future__ import annotations

NEW_REQUEST = "new_request"


MAIN_DAG = "process_customer_entry"


DRAIN_DAG = "drain_backlog"


IMPORT_DAG = "import_feedback"


INGEST_DAG = "ingest_slack_feedback"


SYNC_EMBEDDINGS = "sync_embeddings"
