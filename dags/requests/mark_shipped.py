"""# Mark a request as shipped

Sets a request's status to shipped, once, and tells each of its followers in a direct message, once.

**Steps**

1. `ship_request` sets the status and writes one message for each follower into the ledger, in one
   transaction. Followers of requests that are merged into this one are among them. A request that
   has shipped already is a success; nobody is told.
2. `notify_followers` sends them in batches of 50, side by side through the pool `slack`. What a
   killed worker had sent is not sent again.
3. `report_outcome` returns `already_shipped`, `notified_count`, `total_followers`, and how many are
   `waiting_count`, `failed_count` or `unreachable_count` (no Slack account; the review channel is
   told their names).

**Parameters**: `{"request": "export-a-table-as-csv", "actor": {"slack_user_id": "U0ANN"}}`; the
request is a slug or the address of its page. With `"dry_run": true` it says how many it would tell
and changes nothing.

**Runs** when started by `/shipped` in Slack, by REST or the UI.

**A failure means**: `ship_request`: there is no such request, or it is merged into another; nothing
was changed. `notify_followers`: Slack is away; what could not be sent goes out with the next
`sweep_pending`. To undo it, run `reopen_request`.

**Safe to retry, to clear and to re-run**: yes.

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
def mark_shipped() -> None:
    change_and_tell("ship_request")


mark_shipped()
