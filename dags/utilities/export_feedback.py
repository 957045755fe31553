"""# Export feedback

Writes requests, feedback and reports as CSV or JSON lines to a folder or an object store, for a
spreadsheet, a warehouse, or to take the data elsewhere.

**Steps**

1. `list_kinds` checks where to and what.
2. `export_rows`, once for each kind and side by side, writes one file. The file is there when it is
   complete, and not before.
3. `list_files` returns `{files, rows}`: the files' names and how many rows they hold.

**Parameters**: see the form. Example:

```json
{"target": "s3://exports/feedback", "kinds": ["requests", "feedback"], "format": "jsonl"}
```

`target` is a folder on the worker, or a URL whose store Airflow has a provider for; credentials
come from a connection named in it (`s3://aws_default@exports/feedback`). The setting `export_roots`
says below which targets exports may be written. Files hold customers' words: give their readers the
rights accordingly. In CSV, text that a spreadsheet would run as a formula has a quote before it.

**Runs** when started by REST or the UI.

**A failure means** that file was not written; nothing half-written stays under its name. Mend what
the task's message says and clear it.

**Safe to retry, to clear and to re-run**: yes. A run writes files of its own, named by its time; a
retry replaces its own.

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
            title="Folder or URL",
            description="/data/exports, or s3://connection@bucket/folder",
        ),
        "kinds": Param(KINDS, type="array", items={"type": "string", "enum": KINDS}, minItems=1),
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
