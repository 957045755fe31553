"""# Mark a request as shipped

Sets a request's status to shipped, once, and tells each of its followers in a direct message, once.

**Steps**

1. `ship_request` sets the status and queues one message for each follower, in one transaction.
   Followers of requests that are merged into this one are included. If the request has shipped
   already, the run succeeds and nobody is told.
2. `notify_followers` sends the messages in batches of 50, side by side, through the pool `slack`.
   If a worker is killed, the messages it had sent are not sent again.
3. `report_outcome` returns `already_shipped`, `notified_count` and `total_followers`. It also
   counts messages as `waiting_count`, `failed_count` or `unreachable_count` (people without a Slack
   account; the review channel gets their names). Whoever asked in Slack is told the same.

**Parameters**: `{"request": "export-a-table-as-csv", "actor": {"slack_user_id": "U0ANN"}}`. The
request is a slug or the address of its page. With `"dry_run": true` the run says how many people it
would tell, and changes nothing.

**Runs** when somebody confirms `/shipped` in Slack, or uses the REST API or the UI.

**A failure means**, in `ship_request`: the request does not exist, or it is merged into another
one. Nothing was changed, and whoever asked in Slack is told why. In `notify_followers`: Slack is
down. The next `sweep_pending` sends the rest.

**To undo it**, run `reopen_request`.

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
def mark_shipped() -> None:
    change_and_tell("ship_request")


mark_shipped()
