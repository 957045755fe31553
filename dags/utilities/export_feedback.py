"""# Export feedback

Writes requests, feedback and reports as CSV or JSON lines to a folder or an object store: for a
spreadsheet, for a warehouse, or to take your data elsewhere.

**Steps**

1. `list_kinds` checks the target and what to export.
2. `export_rows`, mapped over the kinds, writes one file for each. A file appears under its name
   only when it is complete.
3. `list_files` returns `{files, rows}`: the names of the files and how many rows they hold.

**Parameters**: see the form. Example:

```json
{"target": "s3://exports/feedback", "kinds": ["requests", "feedback"], "format": "jsonl"}
```

`target` is a folder on the worker, or a URL for which Airflow has a provider. To use credentials,
name a connection in the URL: `s3://aws_default@exports/feedback`. It must be below one of the
setting `export_roots`; until that names some, nothing can be written. The files hold customers'
words, so restrict who can read them. In CSV, text that a spreadsheet would run as a formula gets a
quote in front of it.

**Runs** when started from the REST API or the UI.

**A failure means** that file was not written. No half-written file stays under its name. Fix what
the task's message says and clear the task.

**Safe to retry, clear and re-run**: yes. Each run writes files of its own, named by its time, and a
retry replaces its own files.

**Owner**: analytics
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.assets import FEEDBACK, REPORTS, REQUESTS
from include.engine.retry import default_args

KINDS = ["requests", "feedback", "reports"]


@dag(
    schedule=None,
    catchup=False,
    params={
        "target": Param(
            None,
            type="string",
            minLength=1,
            maxLength=2_000,
            title="Folder or URL",
            description="/data/exports, or s3://connection@bucket/folder",
        ),
        "kinds": Param(
            KINDS,
            type="array",
            items={"type": "string", "enum": KINDS},
            minItems=1,
            maxItems=10,
        ),
        "format": Param("csv", type="string", enum=["csv", "jsonl"]),
    },
    default_args=default_args("analytics"),
    max_active_runs=4,
    tags=["analytics"],
    doc_md=__doc__,
)
def export_feedback() -> None:
    @task
    def list_kinds() -> list[str]:
        from include.workflows import export_feedback as exports

        params = get_current_context()["params"]
        return exports.list_kinds(params["kinds"], target=params["target"])

    @task(
        map_index_template="{{ task.op_kwargs['kind'] }}",
        multiple_outputs=False,
        inlets=[REQUESTS, FEEDBACK, REPORTS],
    )
    def export_rows(kind: str) -> dict[str, Any]:
        from include.workflows import export_feedback as exports

        context = get_current_context()
        params, run = context["params"], context["dag_run"]
        return exports.export_kind(
            kind, form=params["format"], target=params["target"], at=run.run_after
        )

    @task(multiple_outputs=False)
    def list_files(written: Any) -> dict[str, Any]:
        files = list(written)
        return {
            "files": [one["file"] for one in files],
            "rows": {one["kind"]: one["rows"] for one in files},
        }

    list_files(export_rows.expand(kind=list_kinds()))


export_feedback()
