"""# Load accounts and opportunities

Adds customers and their deals and updates those that are there, from files or from the rows of a
call. The `id` is the one of your CRM; feedback names it as `account_id` and `opportunity_id`, also
before it is loaded.

**Steps**: `load_accounts` loads the accounts, then the opportunities. For each of the two it
returns how many are `added`, `changed`, `unchanged` and `refused`, and under `lines` which (at most
200 of each): a change with its fields, old and new; a refusal with its field and the reason.

**Parameters**: `{"path": "/data/accounts.csv", "opportunities_path": "/data/deals.csv"}`, or the
rows themselves:

```json
{"rows": [{"id": "ACC-1", "name": "Northwind", "arr": 480000, "region": "EMEA",
           "is_enterprise": true}],
 "opportunities": [{"id": "OPP-1", "account_id": "ACC-1", "name": "Renewal", "stage": "proposal",
                    "arr": 90000}]}
```

Columns of accounts: `id` (required), `name` (required for a new account), `arr` (a year's recurring
revenue, as a plain number), `region`, `is_enterprise`. Of opportunities: `id`, `account_id`,
`name`, `stage`, `arr`. A field that a line does not have stays as it is; an empty one is cleared.
Nothing is ever removed. With `"dry_run": true` the run only says what it would do.

Reports of past days go on counting an account's ARR and region as they were then.

**Files** are those that `import_feedback` takes, with the same limits.

**Runs** when started from the REST API or the UI. `docs/loading.md` says how to keep them in step
with a CRM.

**A failure means** a file cannot be read, or none of its lines is good. A refused line is no
failure. What was loaded before the failure stays.

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
    params=load_params(("path", "rows"), ("opportunities_path", "opportunities")),
    default_args=default_args("requests"),
    max_active_runs=4,
    tags=["loads"],
    doc_md=__doc__,
)
def import_accounts() -> None:
    @task(multiple_outputs=False)
    def load_accounts() -> dict[str, Any]:
        from include.workflows import import_accounts as steps

        return steps.load_accounts(get_current_context()["params"])

    load_accounts()


import_accounts()
