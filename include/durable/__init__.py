"""Durable waits: rows that parked workflows wait on, and the sensors that do the waiting.

``from include.durable.sensors import HookSensor, SleepSensor`` in a DAG;
``include.durable.api`` in tasks, the relay and pages.
"""
