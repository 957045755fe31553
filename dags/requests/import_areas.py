"""# Load product areas

Adds product areas and updates those that are there, from a file or from the rows of a call. The
`slug` is what an area is known by.

**Steps**: `load_areas` compares each line with what is there and writes the difference. It returns
how many are `added`, `changed`, `unchanged` and `refused`, and under `lines` which (at most 200 of
each): a change with its fields, old and new; a refusal with its field and the reason.

**Parameters**: `{"path": "s3://aws_default@bucket/areas.csv"}`, or the rows themselves:

```json
{"rows": [{"slug": "reporting", "name": "Reporting", "description": "Reports, dashboards, exports.",
           "slack_channel": "#eng-reporting"}], "dry_run": true}
```

Columns: `slug` (required), `name` (required for a new area), `description`, `slack_channel` (hears
of each new request of the area). A field that a line does not have stays as it is; an empty one is
cleared. Nothing is ever removed. With `"dry_run": true` the run only says what it would do.

**Files** are those that `import_feedback` takes, with the same limits.

**Runs** when started from the REST API or the UI.

**A failure means** the file cannot be read, or none of its lines is good. A refused line is no
failure.

**Safe to retry, clear and re-run**: yes. A repeat finds everything unchanged.

**Owner**: requests
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, get_current_context, task

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
def import_areas() -> None:
    @task(multiple_outputs=False)
    def load_areas() -> dict[str, Any]:
        from include.workflows import import_areas as steps

        return steps.load_areas(get_current_context()["params"])

    load_areas()


import_areas()
