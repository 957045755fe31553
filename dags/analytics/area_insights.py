"""# Area insights

Makes a report for every product area as of a moment: the dealbreakers of enterprise accounts, who
is hurt most, what belongs together, and what was done about it. The database counts every number.

**Steps**

1. `list_areas` lists the areas.
2. `report_area`, mapped over the areas, makes and stores the report of that area and day. If one
   area fails, the others still get theirs.
3. `summarise` returns `{status, processed_count, failed_slugs}`. The status is `success`, or
   `partial` if some areas failed.

**Parameters**: `areas`, the slugs to report on (empty for all). Example: `{"areas": ["reporting"]}`

**Runs** daily at 08:00 in New York, summer and winter, and by hand. A report shows the state at the
run's logical date, whenever it is made. To make the reports of October:

```shell
airflow backfill create --dag-id area_insights --from-date 2026-10-01 --to-date 2026-11-01
```

**A failure means** that area has no report for that day. Clear the failed instance of `report_area`
with what follows. If no area has a report, `summarise` fails too.

**Safe to retry, clear and re-run**: yes. An area has one report a day, and the same moment gives
the same report. Of two moments in one day, the later one's report is kept.

**Owner**: analytics
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from include.engine.assets import EMBEDDINGS, FEEDBACK, REPORTS, REQUESTS
from include.engine.retry import default_args

if TYPE_CHECKING:
    from datetime import datetime


def as_of() -> datetime:
    """The moment this run reports on: its logical date, or when it was started."""
    run = get_current_context()["dag_run"]
    return run.logical_date or run.run_after


@dag(
    schedule=CronTriggerTimetable("0 8 * * *", timezone="America/New_York"),
    # Without a start_date the first run is the next one, not the one of this morning.
    catchup=False,
    # A backfill makes several days at once; their reports do not depend on each other.
    max_active_runs=8,
    params={
        "areas": Param(
            [],
            type=["null", "array"],
            items={"type": "string", "maxLength": 100},
            maxItems=1_000,
            description="Slugs of areas, one a line; empty for all.",
        )
    },
    default_args=default_args("analytics"),
    tags=["analytics"],
    doc_md=__doc__,
)
def area_insights() -> None:
    @task
    def list_areas() -> list[str]:
        from include.workflows import area_insights as area_reports

        return area_reports.list_areas(as_of(), get_current_context()["params"]["areas"])

    @task(
        map_index_template="{{ task.op_kwargs['slug'] }}",
        multiple_outputs=False,
        inlets=[REQUESTS, FEEDBACK, EMBEDDINGS],
    )
    def report_area(slug: str) -> dict[str, Any]:
        from include.workflows import area_insights as area_reports

        run_id = get_current_context()["ti"].run_id
        return area_reports.report_area(slug, as_of(), run_id=run_id)

    @task(trigger_rule="all_done", multiple_outputs=False, outlets=[REPORTS])
    def summarise(slugs: list[str], reports: Any) -> dict[str, Any]:
        from include.workflows import area_insights as area_reports

        result = area_reports.summarise(slugs, reports)
        get_current_context()["outlet_events"][REPORTS].extra = {
            "as_of": as_of().isoformat(),
            "processed_count": result["processed_count"],
            "failed_count": len(result["failed_slugs"]),
        }
        return result

    areas = list_areas()
    summarise(areas, report_area.expand(slug=areas))


area_insights()
