"""# Load feature requests

Adds the feature requests of a tracker, a roadmap or a spreadsheet, and updates those that are
there. The `external_id` is what a request is known by.

**Steps**

1. `load_requests` compares each line with what is there and writes the difference, 500 lines a
   transaction. A changed status goes into the request's history.
2. `embed_requests` makes the vectors that are missing or out of date, through the pool
   `embeddings`. It returns how many lines are `added`, `changed`, `unchanged` and `refused`, under
   `lines` which (at most 200 of each, with the fields that changed or the reason), and how many
   vectors it `embedded`.

**Parameters**: `{"path": "s3://aws_default@bucket/requests.jsonl"}`, or the rows themselves:

```json
{"rows": [{"external_id": "ROAD-7", "title": "Export a table as CSV", "areas": ["reporting"],
           "status": "open", "owner": "ann@example.com"}], "dry_run": true}
```

Columns: `external_id` (required), `title` (required for a new request), `description`, `status`,
`areas` (slugs; in CSV separated by `;`), `owner` (an e-mail address), `created_at` and `shipped_at`
(for new requests; without them it is now), `slug`. A field that a line does not have stays as it
is; an empty one is cleared. Nothing is ever removed. To give a request that the product opened an
external id, name it by its `slug` once.

Nobody is told: no channel hears of a loaded request, and no follower of a status. To tell followers
that something has shipped, run `mark_shipped`.

With `"dry_run": true` the run only says what it would do.

**Files** are those that `import_feedback` takes, with the same limits.

**Runs** when started from the REST API or the UI.

**A failure means**, in `load_requests`: the file cannot be read, or none of its lines is good. A
refused line is no failure. If the embeddings API stays down, `embedded` is null and the nightly
`sync_embeddings` makes the vectors.

**Safe to retry, clear and re-run**: yes. A repeat finds everything unchanged.

**Owner**: requests
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, get_current_context, task

from include.engine.assets import LOAD_WRITES, loaded_by
from include.engine.params import load_params
from include.engine.retry import default_args


@dag(
    schedule=None,
    catchup=False,
    params=load_params(),
    default_args=default_args("requests"),
    max_active_runs=4,
    tags=["loads"],
    doc_md=__doc__,
)
def import_requests() -> None:
    @task(multiple_outputs=False)
    def load_requests() -> dict[str, Any]:
        from include.workflows import import_requests as steps

        context = get_current_context()
        ti = context["ti"]
        return steps.load_requests(context["params"], dag_id=ti.dag_id, run_id=ti.run_id)

    @task(pool="embeddings", multiple_outputs=False, outlets=[LOAD_WRITES])
    def embed_requests(loaded: dict[str, Any]) -> dict[str, Any]:
        from include.workflows import import_requests as steps

        context = get_current_context()
        ti = context["ti"]
        result = steps.embed_requests(loaded, is_last_try=ti.try_number > ti.max_tries)
        for asset in loaded_by(result):
            context["outlet_events"][LOAD_WRITES].add(asset)
        return result

    embed_requests(load_requests())


import_requests()
