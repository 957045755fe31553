"""# Merge two requests

Makes one request count as part of another, or takes that back. A merge is a link, not a move. Both
requests keep their evidence, followers, status and text, so that undoing the merge restores exactly
what was there.

**Steps**: `link_requests` does it in one transaction. It returns what the two have together: pieces
of feedback, accounts with their ARR, followers. From then on the surviving request shows the
evidence and followers of both, new matches of the merged request go to the survivor, and shipping
the survivor tells the followers of both.

**Parameters**

* To merge: `{"request": "csv-download", "into": "export-a-table-as-csv", "reason": "Same wish",
  "actor": {"slack_user_id": "U0ANN"}, "dry_run": false}`.
* To take it back: `{"request": "csv-download", "undo": true, "dry_run": false}`.
* To dismiss a link that a sweep found between the two, add `"dismiss": true`. No sweep brings it
  back.

`"dry_run": true` is the default and changes nothing.

**Runs** when started from the REST API or the UI.

**A failure means** nothing was changed: a request does not exist, the two are the same, one is
merged already, or the merge would close a circle. The message says which, and what to do.

**Safe to retry, clear and re-run**: yes. The same merge again changes nothing.

**Owner**: requests
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.params import REQUEST_PARAM, params_of
from include.engine.retry import default_args
from include.people.person import Acting


@dag(
    schedule=None,
    catchup=False,
    params={
        "request": REQUEST_PARAM,
        "into": Param(
            None,
            type=["null", "string"],
            maxLength=2_000,
            description="The request that stays (or the other one to dismiss); not with undo.",
        ),
        "undo": Param(False, type="boolean", description="Take the merge of the request back."),
        "dismiss": Param(
            False,
            type="boolean",
            description="The two do not belong together: no sweep links them again.",
        ),
        "reason": Param(None, type=["null", "string"], maxLength=500),
        **params_of(Acting),
        "dry_run": Param(True, type="boolean", description="Only say what it would do."),
    },
    default_args=default_args("requests"),
    max_active_runs=16,
    tags=["requests"],
    doc_md=__doc__,
)
def merge_requests() -> None:
    @task(multiple_outputs=False)
    def link_requests() -> dict[str, Any]:
        from include.workflows import mark_shipped as shipping_steps

        context = get_current_context()
        run = context["dag_run"]
        return shipping_steps.merge_requests(
            context["params"],
            dag_id=run.dag_id,
            run_id=run.run_id,
            started_by=run.triggering_user_name,
        )

    link_requests()


merge_requests()
