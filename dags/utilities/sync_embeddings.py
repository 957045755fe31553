"""# Keep the embeddings current

Embeds every request that has no vector, or whose text or model has changed. A content hash tells,
so a second run finds nothing to do.

**Steps**

1. `plan_batches` lists what is missing or out of date, in at most 200 batches.
2. `embed_batch`, mapped over the batches through the pool `embeddings`, sends 64 texts per call and
   commits after each call, so a retry does only what is left. The setting
   `embedding_calls_per_minute` limits the rate.
3. `finish_index` returns `model`, `embedded`, and for a full run which build is `live` and how many
   old vectors it `removed`.

**A full run** (`{"full": true}`) makes all vectors again beside the live ones, under a key of their
own. Search uses the old vectors until the last new one is there. Then one transaction switches over
and removes the old ones, so search is never empty and never mixes two builds. If a full run is cut
short, the next one goes on with the same build.

**To change the model**, run with `{"model": "the-new-model"}` while the connection `embeddings_api`
still names the old one. When the run is done, set the connection's extra `model`, and run once more
for requests that were opened in between. `docs/operations.md` has the steps.

**Runs** nightly at 03:00 UTC, and by hand.

**A failure means** the embeddings API refused us or was down. Search goes on with what it has.
Clear the failed task, or wait for the next night.

**Safe to retry, clear and re-run**: yes.

**Owner**: requests
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.retry import default_args


@dag(
    schedule="0 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "full": Param(False, type="boolean", description="Make all vectors anew, beside the old."),
        "model": Param(
            None,
            type=["null", "string"],
            maxLength=200,
            description="Another model of the same API than the connection names.",
        ),
        "batch_size": Param(500, type="integer", minimum=1, maximum=10_000),
    },
    default_args=default_args("requests"),
    tags=["utilities"],
    doc_md=__doc__,
)
def sync_embeddings() -> None:
    @task
    def plan_batches() -> list[dict[str, Any]]:
        from include.workflows import sync_embeddings as steps

        context = get_current_context()
        return steps.plan_embeddings(context["params"], run_id=context["ti"].run_id)

    @task(pool="embeddings", map_index_template="{{ task.op_kwargs['batch']['label'] }}")
    def embed_batch(batch: dict[str, Any]) -> int:
        from include.workflows import sync_embeddings as steps

        return steps.embed_batch(get_current_context()["params"], batch)

    @task(trigger_rule="none_failed", multiple_outputs=False)
    def finish_index(embedded: Any) -> dict[str, Any]:
        from include.workflows import sync_embeddings as steps

        context = get_current_context()
        return steps.finish_embeddings(
            context["params"], list(embedded or ()), run_id=context["ti"].run_id
        )

    finish_index(embed_batch.expand(batch=plan_batches()))


sync_embeddings()
