"""# Replay past decisions with different rules

Re-judges the matcher's decisions of a day with another judge, model, prompt, calibration or other
thresholds, and shows what would differ, next to what people decided. It changes nothing in the
product. Use it before you change a threshold or a model.

**Steps**: `replay` takes each decision of the run's data interval with what was known then: the
entry's words and vector, the requests that existed, and their status. It judges again and counts.

**Parameters**: `{"judge": "calibrated", "attach": 0.93, "ask": 0.8}`, or `{"judge": "model",
"model": "gpt-4.1", "prompt": "judge_next", "limit": 50}`. `prompt` is a file in
`include/agents/prompts` with the same places as `judge.md`. Without parameters, the calibrated
judge decides with today's thresholds. That costs nothing and shows what has drifted.

**Result**: `confusion` counts by route then, route now, and what people said (`confirmed`,
`declined`, `undone`, `picked another`, `merged later`, `nobody said`). `then` and `now` score both
wherever people said what is right. `differing` lists the first 50 entries.

**Runs** daily at 05:00 UTC over the day before. For past days:

```shell
airflow backfill create --dag-id replay_decisions --from-date 2026-10-01 --to-date 2026-11-01
```

Add parameters of your own with `--dag-run-conf '{"attach": 0.93}'`.

**A failure means** the parameters do not fit, or the database or the model's connection is missing.
Nothing was changed.

**Safe to retry, clear and re-run**: yes. A model is asked once about the same thing. Its calls are
in the ledger and count towards the day's budget.

**Owner**: matching
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, Param, dag, get_current_context, task

from include.engine.retry import default_args


@dag(
    schedule=CronDataIntervalTimetable("0 5 * * *", timezone="UTC"),
    catchup=False,
    # A backfill replays several days at once; they do not depend on each other.
    max_active_runs=4,
    params={
        "judge": Param("calibrated", type="string", enum=["calibrated", "model"]),
        "calibration": Param(
            None,
            type=["null", "string"],
            maxLength=200,
            description="A file of include/matching/calibrations.",
        ),
        "model": Param(
            None, type=["null", "string"], maxLength=200, description="Another chat model."
        ),
        "prompt": Param(
            None, type=["null", "string"], maxLength=200, description="Another prompt file."
        ),
        "attach": Param(None, type=["null", "number"], exclusiveMinimum=0, maximum=1),
        "ask": Param(None, type=["null", "number"], exclusiveMinimum=0, maximum=1),
        "limit": Param(
            200, type="integer", minimum=1, maximum=5_000, description="Most decisions, newest."
        ),
    },
    default_args=default_args("matching") | {"execution_timeout": timedelta(hours=1)},
    tags=["utilities"],
    doc_md=__doc__,
)
def replay_decisions() -> None:
    @task(multiple_outputs=False)
    def replay() -> dict[str, Any]:
        from include.workflows import replay_decisions as replay_steps

        context = get_current_context()
        run = context["dag_run"]
        # Started without a logical date, it is about the day before.
        until = run.data_interval_end or run.run_after
        since = run.data_interval_start or until - timedelta(days=1)
        return replay_steps.replay_window(context["params"], since, until)

    replay()


replay_decisions()
