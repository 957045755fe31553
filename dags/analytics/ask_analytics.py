"""# Ask a question about the numbers

Answers a question such as "what hurts enterprise customers in EMEA?". The question only chooses one
of the prepared queries and its filters. The numbers come from SQL, in a read-only transaction, and
the answer names the query and the filters, so that anybody can check it.

**Steps**: `answer_question` reads the question by rules. If a language model is set and the rules
do not understand every word, the model helps. Then it runs the query and puts the result into
words.

**Parameters**: `{"question": "what hurts enterprise customers in EMEA?"}`

**Runs** when started from the REST API or the UI. To get the answer in one call, wait for the run:
`GET /api/v2/dags/ask_analytics/dagRuns/{run_id}/wait?interval=0.2&result=answer_question`. The last
line has `results.answer_question` with `text`, `query`, `filters`, `rows` and
`totals`. A question that fits no query, or has words that nothing was made of, has the status
`not_understood` and no numbers; `not_understood` then names those words.

**A failure means** the question is blank, or the database does not answer.

**Safe to retry, clear and re-run**: yes. It only reads.

**Owner**: analytics
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.retry import Priority, default_args


@dag(
    schedule=None,
    catchup=False,
    params={
        "question": Param(
            None,
            type="string",
            minLength=1,
            maxLength=2_000,
            pattern=r"\S",
            description="About requests, areas, accounts, regions, statuses or periods.",
        ),
    },
    default_args=default_args("analytics", Priority.SOMEBODY_WAITS),
    max_active_runs=64,
    tags=["analytics"],
    doc_md=__doc__,
)
def ask_analytics() -> None:
    @task(multiple_outputs=False)
    def answer_question() -> dict[str, Any]:
        from include.workflows import ask_analytics as analytics

        return analytics.ask_with_model(get_current_context()["params"])

    answer_question()


ask_analytics()
