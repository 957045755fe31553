"""Numbers for Airflow's own metrics: StatsD, DogStatsD or OpenTelemetry, as its settings say."""

from __future__ import annotations


def are_on() -> bool:
    """Whether Airflow sends metrics anywhere."""
    return any(map(_set, ("statsd_datadog_enabled", "statsd_on", "otel_on")))


def send(name: str, value: float, label: tuple[str, str] | None = None) -> None:
    """Send a gauge from a task. Plain StatsD knows no labels: there the name ends with it."""
    from airflow.sdk.observability import stats

    if label is None or _keeps_labels():
        stats.gauge(name, value, tags=dict([label] if label else ()))
    else:
        stats.gauge(f"{name}.{label[1]}", value)


def _keeps_labels() -> bool:
    """Whether what Airflow sends to can tell numbers of one name apart; it takes the first set."""
    if _set("statsd_datadog_enabled"):
        return True
    return _set("statsd_influxdb_enabled") if _set("statsd_on") else True


def _set(option: str) -> bool:
    from airflow.sdk.configuration import conf

    return bool(conf.getboolean("metrics", option, fallback=False))
