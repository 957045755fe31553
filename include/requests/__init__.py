"""The life of a request after it was opened: announce, remind, ship, reopen, relate, merge, embed.

Operations take a session or a way to open one and may be repeated; none imports Airflow.
``steps`` has one function for each task of the DAGs in ``dags/requests`` and ``dags/utilities``.
"""
