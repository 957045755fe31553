"""# Search requests by meaning

Finds the feature requests that fit a question or a customer's words, best first, each with a
confidence and a reason. Slack uses the same search.

**Steps**: `search_requests` embeds the query, finds candidates by meaning and by words, and judges
them. Initials ("SSO" for "single sign-on"), beginnings of words and misspelt words are found too.
When nothing is found, the nearest few are returned as guesses (`is_guess`, confidence 0). Without
embeddings it compares words alone.

**Parameters**: `{"query": "single sign-on", "limit": 5, "area_ids": [3], "include_shipped": true}`.
`limit` is 1 to 50.

**Runs** when started from the REST API or the UI. To get the answer in one call, wait for the run:
`GET /api/v2/dags/semantic_search/dagRuns/{run_id}/wait?interval=0.2&result=search_requests`. The
last line has `results.search_requests` with `count` and `requests` (id, slug, title, status,
confidence, reason, is_guess, customers, url).

**A failure means** the query is blank, or the database or the embeddings API refuses us.

**Safe to retry, clear and re-run**: yes. It only reads.

**Owner**: requests
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.params import LARGEST_ID
from include.engine.retry import Priority, default_args


@dag(
    schedule=None,
    catchup=False,
    params={
        "query": Param(
            None,
            type="string",
            minLength=1,
            maxLength=2_000,
            pattern=r"\S",
            description="A question, a word, or what a customer said.",
        ),
        "area_ids": Param(
            None,
            type=["null", "array"],
            items={"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
            maxItems=100,
            description="Only requests of at least one of these areas.",
        ),
        "limit": Param(10, type="integer", minimum=1, maximum=50),
        "include_shipped": Param(False, type="boolean"),
    },
    default_args=default_args("requests", Priority.SOMEBODY_WAITS),
    max_active_runs=64,
    tags=["utilities"],
    doc_md=__doc__,
)
def semantic_search() -> None:
    @task(multiple_outputs=False)
    def search_requests() -> dict[str, Any]:
        from include.workflows import semantic_search as steps

        return steps.search(get_current_context()["params"])

    search_requests()


semantic_search()
