"""Values of metrics, as Prometheus would read them."""

from syndicate.telemetry import exposition


def metric_value(series: str) -> float:
    """Return the value of a series such as ``name{label="value"}``; 0 if it is not exported."""
    for line in exposition().decode().splitlines():
        name, _, value = line.rpartition(" ")
        if name == series:
            return float(value)
    return 0.0
