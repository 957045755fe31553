"""# Report on the shadow lane

Compares what was decided with what a model in shadow (`judge_in_shadow`) would have done.

**Steps**: `report_day` compares the day before the run, and thirty days, because people answer
later: which way each decision went and would have gone, whether both named the same request, who
was right where people said, tokens and cost. The operations channel hears of it, if one is set and
something was judged that day.

**Parameters**: none.

**Result**: the same as numbers, for `day` and `month`; `is_told` when a message was queued.

**Runs** daily at 06:30 UTC, by hand, and as a backfill of past days. The health page and
`python -m include.operations shadow` show the same at any time.

**A failure means** the database is down, or the message could not be queued.

**Safe to retry, clear and re-run**: yes. A day's message goes out once.

**Owner**: matching
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, dag, get_current_context, task

from include.engine.retry import default_args


@dag(
    schedule=CronDataIntervalTimetable("30 6 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=default_args("matching"),
    tags=["utilities"],
    doc_md=__doc__,
)
def report_shadow() -> None:
    @task(multiple_outputs=False)
    def report_day() -> dict[str, Any]:
        from include.workflows import report_shadow as steps

        run = get_current_context()["dag_run"]
        is_by_hand = run.run_type == "manual"
        until = run.run_after if is_by_hand else run.data_interval_end or run.run_after
        return steps.report_day(until)

    report_day()


report_shadow()
