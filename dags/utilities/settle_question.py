"""# Settle an open question for somebody

Answers a question in the place of the person it asks, or closes it, as
`python -m include.operations answer` and `close` do. The card in Slack then says who did it.

**Steps**: `settle` records the answer. The run that waits for it goes on by itself.

**Parameters**: `{"question": "6f1c...", "choice": "attach", "actor": {"email": "a@example.com"}}`.
`choice` is `attach` (with `request`, to another request than the suggested one), `create`,
`set_aside` (it is no feedback) or `close` (nobody answers; each entry becomes a request of its
own). The [runbook](operations.md#open-questions) says how to find open questions.

**Runs** when started from the REST API or the UI.

**A failure means** there is no such question or request, the question is closed already, or whoever
started the run may not answer it: the setting `operators` lists who may answer for others. Nothing
was changed.

**Safe to retry, clear and re-run**: yes. A question is answered once.

**Owner**: operations
"""

from __future__ import annotations

from airflow.sdk import Param, dag, get_current_context, task

from include.engine.params import params_of
from include.engine.retry import Priority, default_args
from include.people.person import Acting


@dag(
    schedule=None,
    catchup=False,
    params={
        "question": Param(None, type="string", minLength=36, maxLength=36, title="Question's id"),
        "choice": Param("create", type="string", enum=["attach", "create", "set_aside", "close"]),
        "request": Param(
            None, type=["null", "string"], maxLength=200, title="Slug of another request"
        ),
        **params_of(Acting),
    },
    default_args=default_args("operations", Priority.SOMEBODY_WAITS),
    max_active_runs=16,
    tags=["operations"],
    doc_md=__doc__,
)
def settle_question() -> None:
    @task
    def settle() -> str:
        from include.operations.interventions import settle_question as settled

        context = get_current_context()
        run = context["dag_run"]
        return settled(
            context["params"],
            dag_id=run.dag_id,
            run_id=run.run_id,
            started_by=run.triggering_user_name,
        )

    settle()


settle_question()
