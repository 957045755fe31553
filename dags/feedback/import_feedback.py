"""# Import a file of feedback

Takes a file of customers' words (JSON lines or CSV) through the same matching as
`process_customer_entry`, in batches instead of one run for each line: with the same search,
thresholds and records.

**Steps**

1. `store_lines` reads and stores the lines. It reports bad lines by number and goes on with the
   rest. A line is recognised by its `external_id`, or else by its content, so importing a file
   again, or a longer version of it, adds only what is new. What an earlier run of this DAG stored
   and did not decide is taken over.
2. `match_batch`, mapped over the batches, one after the other, embeds, decides, and attaches or
   opens requests. A retry does only what is left.
3. `ask_questions` asks about what is not certain, with one card for each request and person.
   `ask_people` waits for the answers without a worker and carries them out. Without an answer there
   is one reminder, and then the entries become requests. `tell_submitters` sends what `notify` asks
   for, one message a person.
4. `report_outcome` returns `lines`, which is `stored`, `known_before`, `taken_over` and `bad_lines`
   together; `problems` (line and reason; of more than 200, `problems_not_listed`); and how many
   entries are `attached`, `created`, `set_aside`, `waiting` or `unfinished`. `lines`,
   `empty_lines`, `header_lines` and `continued_lines` (of cells that hold several lines) add up to
   `file_lines`.

**Files**: CSV with commas, semicolons, tabs or `|`, with or without a `sep=` line; a file of one
column has no separator. How column names are written does not matter (`customerPain`,
`Customer Pain *`), and common other names (`Feedback`, `Priority`, `E-Mail`) are known. JSON lines,
a JSON array, an object that holds one list of records (`{"count": 2, "tickets": […]}`), or objects
laid out over several lines. UTF-8, UTF-16 or UTF-32 with a byte order mark, and CSV in
Windows-1252: no byte order mark, and what is not ASCII is not UTF-8. Where Windows-1252 makes
letters that no language has together, the file is refused: save it as CSV UTF-8.
At most 2 GiB, a million lines, and 200,000 characters a line. Of an Excel workbook (.xlsx, at most
512 MiB unpacked) the first sheet that begins with the columns is read; other sheets are told as bad
lines. A file that is compressed is refused: unpack it. A file must be below one of the setting
`import_roots`; until that names some, none can be read.

**Parameters**: `{"path": "s3://aws_default@bucket/feedback.csv", "ask": "U0ANN"}`. CSV columns have
the names of the fields of a JSON line: `customer_pain` (required), `severity`, `account_id`,
`opportunity_id`, `areas` and `links` (separated by `;` or `,`), `external_id`, `submitter_email`,
`submitter_slack_user_id`, `submitter_name`. The person named in `ask` is asked about everything;
without it each submitter is asked about their own entries. With `"notify": true` every submitter is
told, and every new request is announced.

**Runs** when started from the REST API or the UI. It uses no language model, and so takes no entry
apart.

**A failure means**, in `store_lines`: the file cannot be read, is empty, or has a wrong header. In
`match_batch`: the database or the embeddings API is down. Clear the task.

**Safe to retry, clear and re-run**: yes.

**Owner**: feedback
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.retry import default_args
from include.workflows.batch_tasks import FACTS, carry_out


@dag(
    schedule=None,
    catchup=False,
    params={
        "path": Param(
            None,
            type="string",
            minLength=1,
            maxLength=2_000,
            description="A path of the workers' machine, or a URL of an object storage.",
        ),
        "format": Param(None, type=["null", "string"], enum=[None, "jsonl", "csv", "xlsx"]),
        "ask": Param(None, type=["null", "string"], maxLength=60, pattern="^[UW][A-Z0-9]+$"),
        "notify": Param(False, type="boolean", description="Tell every submitter."),
        "batch_size": Param(500, type="integer", minimum=1, maximum=10_000),
    },
    default_args=default_args("feedback"),
    max_active_runs=1000,
    tags=["feedback"],
    doc_md=__doc__,
)
def import_feedback() -> None:
    @task
    def store_lines() -> list[dict[str, Any]]:
        from include.workflows import import_feedback as import_steps

        context = get_current_context()
        ti = context["ti"]
        batches, facts = import_steps.store_file(
            context["params"], dag_id=ti.dag_id, run_id=ti.run_id
        )
        ti.xcom_push(key=FACTS, value=facts)
        return batches

    carry_out(store_lines())


import_feedback()
