"""# Judge in shadow

Has another language model, or the same one with another prompt, judge what was decided, to see on
live feedback whether it would do better. Its verdict is stored and acted on by nothing: it attaches
nothing, asks nobody and opens no request. It is off until `shadow_model` or `shadow_prompt` is set.

**Steps**: `judge_portion` takes the decisions of the last two days that this model and prompt have
not judged, oldest first, as far as `shadow_share` chooses them. It asks about the same candidates,
with the feedback that was attached by then, routes the answer by the thresholds that would count
for it, and stores confidences, route, tokens and cost in `shadow_verdicts`.

**Parameters**: `{"limit": 60}`, the most decisions of one run.

**Result**: how many were `judged`, `unanswered` (the answer was no use) and `left` for the next
run, and why it was `closed`: `budget` when half of the day's budget for models is spent, which is
all that the shadow may use, or `resting` when its server failed. `{"is_on": false}` when off.

**Runs** every ten minutes, and by hand. New feedback never waits for it.

**A failure means** the settings name a connection or a prompt that is not there, or the database is
down. No feedback is concerned.

**Safe to retry, clear and re-run**: yes. A decision is judged once by a model and prompt, and an
answer is paid for once.

**Owner**: matching
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.retry import default_args


@dag(
    schedule="*/10 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "limit": Param(
            60,
            type="integer",
            minimum=1,
            maximum=1000,
            description="The most decisions of one run.",
        )
    },
    default_args=default_args("matching") | {"retries": 0},
    tags=["utilities"],
    doc_md=__doc__,
)
def judge_in_shadow() -> None:
    @task(multiple_outputs=False)
    def judge_portion() -> dict[str, Any]:
        from include.workflows import judge_in_shadow as steps

        return steps.judge_portion(int(get_current_context()["params"]["limit"]))

    judge_portion()


judge_in_shadow()
