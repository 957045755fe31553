"""# Replay past decisions by other rules

Judges the matcher's decisions of a day anew, by another judge, model, prompt, calibration or other
thresholds, and says what would differ, beside what people decided. It changes nothing in the
product: no entry, decision, request or message. Use it before a change of thresholds or of a model.

**Steps**: `replay` takes each decision of the run's data interval as it was (the entry's
words and vector, the requests that existed, the status they had), judges it, and counts.

**Parameters**: `{"judge": "calibrated", "attach": 0.93, "ask": 0.8}`, or
`{"judge": "model", "model": "gpt-4.1", "prompt": "judge_next", "limit": 50}`. `prompt` is a file of
`include/agents/prompts` with the same places as `judge.md`. Nothing given: the calibrated judge and
the thresholds in force, which costs nothing and shows what has drifted.

**Result**: `confusion` counts by route then, route now and what people said (`confirmed`,
`declined`, `undone`, `picked another`, `merged later`, `nobody said`); `then` and `now` score both
where people said what is right; `differing` lists the first 50 entries.

**Runs** daily at 05:00 UTC over the day before. Past days, with parameters of your own:
`airflow backfill create --dag-id replay_decisions --from-date 2026-10-01 --to-date 2026-10-31
--dag-run-conf '{"attach": 0.93}'`.

**A failure means**: the parameters do not fit, or the database or the connection of the model is
not there. Nothing was changed.

**Safe to retry, to clear and to re-run**: yes. A model is asked once about the same; its calls are
in the ledger and count for the day's budget.

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
            None, type=["null", "string"], description="A file of include/matching/calibrations."
        ),
        "model": Param(None, type=["null", "string"], description="Another chat model."),
        "prompt": Param(None, type=["null", "string"], description="Another prompt file."),
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
