"""What a task imports that the process it was forked from had not."""

from __future__ import annotations

from airflow.sdk import dag, get_current_context, task


@dag(schedule=None, catchup=False, doc_md=__doc__)
def late_imports() -> None:
    @task
    def decide_and_look() -> list[str]:
        import sys

        from include.workflows import preload
        from include.workflows.process_customer_entry import decide_entry, report

        ti = get_current_context()["ti"]
        pain = "Our analysts need to export the table as a CSV file or a spreadsheet."
        words = {"customer_pain": pain, "source": "api"}
        entry_id, _ = decide_entry(words, dag_id=ti.dag_id, run_id=ti.run_id, is_last_try=False)
        report(entry_id, run_id=ti.run_id)
        # Modules stand in the order in which they were imported.
        names = list(sys.modules)
        preloaded = max(names.index(name) for name in preload.MODULES if name in sys.modules)
        missing = [name for name in preload.MODULES if name not in sys.modules]
        return missing + names[preloaded + 1 :]

    decide_and_look()


late_imports()
