"""# Reopen a shipped request

Undoes `mark_shipped`: the request is open again, and everybody who was told that it had shipped is
told so, once.

**Steps**

1. `set_open` sets the status and queues one message for each person whom the last shipping had
   reached. Messages about the shipping that have not gone out are held back. If the request is not
   shipped, it keeps its status, the run succeeds and nobody is told.
2. `notify_followers` sends the messages in batches of 50 through the pool `slack`.
3. `report_outcome` returns `already_open`, `notified_count`, `total_followers` (those who had been
   told), `waiting_count` and `failed_count`. Whoever pressed *Open it again* in Slack hears it.

**Parameters**: `{"request": "export-a-table-as-csv", "actor": {"slack_user_id": "U0ANN"}}`. With
`"dry_run": true` the run says whom it would tell, and changes nothing.

**Runs** when somebody presses *Open it again* on the card that asks whether a shipped request still
hurts, or when started from the REST API or the UI.

**A failure means**, in `set_open`: the request does not exist, and nothing was changed. In
`notify_followers`: Slack is down. The next `sweep_pending` sends the rest.

**Safe to retry, clear and re-run**: yes.

**Owner**: requests
"""

from __future__ import annotations

from airflow.sdk import dag

from include.engine.retry import default_args
from include.workflows.status_tasks import STATUS_PARAMS, change_and_tell


@dag(
    schedule=None,
    catchup=False,
    params=STATUS_PARAMS,
    default_args=default_args("requests"),
    max_active_runs=16,
    tags=["requests"],
    doc_md=__doc__,
)
def reopen_request() -> None:
    change_and_tell("set_open")


reopen_request()
