"""The product's operations on its store: submit, match, attach, open, ask, answer, undo.

Called by the tasks of the DAGs and by the relay; free of Airflow. Each works in one transaction
and may be repeated: what was done stays done once.
"""
