"""Structured log and Prometheus metrics.

Every layer may use both: ``log = logger("git")`` at the top of a module, then
``log.info("source fetched", source="usds")``; and ``posts_parsed_total.labels("usds").inc()``.
The log goes to stderr, one line an event. Metrics follow the naming rules of Prometheus: base
units, ``_total`` for counters, times as seconds since 1970 (the age is ``time() - x``).
Labels never hold subscribers, URLs or people.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, cast

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from typing_extensions import override

from syndicate import __version__
from syndicate.telemetry.collectors import FastCounterVec, FastHistogram

request_id: Final[ContextVar[str]] = ContextVar("request_id", default="")
"""The ID of the HTTP request in progress: a field of all events that are logged meanwhile."""

LogFormat = Literal["auto", "console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

EXPOSITION_TYPE: Final = CONTENT_TYPE_LATEST
"""The media type of `exposition`."""


disable_created_metrics()  # type: ignore[no-untyped-call]  # nobody queries these series
_REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=_REGISTRY)
Info("syndicate_build", "What is running.", registry=_REGISTRY).info({"version": __version__})

commits_read_total: Final = Counter(
    "syndicate_commits_read_total",
    "Commits of the first-parent history that were read, by source.",
    ["source"],
    registry=_REGISTRY,
)
posts_parsed_total: Final = Counter(
    "syndicate_posts_parsed_total",
    "Files parsed as posts, by source; unchanged files are not parsed again.",
    ["source"],
    registry=_REGISTRY,
)
posts_rendered_total: Final = Counter(
    "syndicate_posts_rendered_total",
    "Posts rendered to HTML, without those found in the cache.",
    registry=_REGISTRY,
)
editions_total: Final = Counter(
    "syndicate_editions_total", "Editions put in service.", registry=_REGISTRY
)
edition_timestamp_seconds: Final = Gauge(
    "syndicate_edition_timestamp_seconds",
    "Time at which the edition in service was built.",
    registry=_REGISTRY,
)
problems: Final = Gauge(
    "syndicate_problems",
    "Problems of the edition in service, by source and level.",
    ["source", "level"],
    registry=_REGISTRY,
)
source_failing: Final = Gauge(
    "syndicate_source_failing",
    "1 while a source is served from an older commit because the newest cannot be read, else 0.",
    ["source"],
    registry=_REGISTRY,
)
source_read_timestamp_seconds: Final = Gauge(
    "syndicate_source_read_timestamp_seconds",
    "Time of the last successful read of a source; its age is the time since.",
    ["source"],
    registry=_REGISTRY,
)
render_queue_posts: Final = Gauge(
    "syndicate_render_queue_posts", "Posts that wait for a render process.", registry=_REGISTRY
)
posts_announced_total: Final = Counter(
    "syndicate_posts_announced_total",
    "Posts recorded as published, updated or removed.",
    registry=_REGISTRY,
)
component_restarts_total: Final = Counter(
    "syndicate_component_restarts_total",
    "Restarts of components of the service after an error.",
    ["component"],
    registry=_REGISTRY,
)
database_failing: Final = Gauge(
    "syndicate_database_failing",
    "1 while the database is unavailable and no change can be recorded, else 0.",
    registry=_REGISTRY,
)
database_seconds: Final = Histogram(
    "syndicate_database_seconds",
    "Time of a database transaction, with the wait for its locks, by kind: read or write.",
    ["kind"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30),
    registry=_REGISTRY,
)
requests_total: Final = FastCounterVec(
    "syndicate_requests_total",
    "HTTP requests, by route and status.",
    ["route", "status"],
    registry=_REGISTRY,
)
request_seconds: Final = FastHistogram(
    "syndicate_request_seconds",
    "Time from the head of a request to the end of its response.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=_REGISTRY,
)
hooks_total: Final = Counter(
    "syndicate_hooks_total",
    "Push hooks of git hosts, by outcome: accepted, or refused for their credentials.",
    ["outcome"],
    registry=_REGISTRY,
)
deliveries_total: Final = Counter(
    "syndicate_deliveries_total",
    "Finished delivery attempts, by outcome.",
    ["outcome"],
    registry=_REGISTRY,
)
subscriptions: Final = Gauge(
    "syndicate_subscriptions",
    "Webhook and WebSub subscriptions, by state.",
    ["state"],
    registry=_REGISTRY,
)
deliveries_waiting: Final = Gauge(
    "syndicate_deliveries_waiting",
    "Unfinished deliveries, in progress or due later.",
    registry=_REGISTRY,
)
deliveries_held: Final = Gauge(
    "syndicate_deliveries_held",
    "1 while an operator holds all deliveries, else 0.",
    registry=_REGISTRY,
)
delivery_oldest_timestamp_seconds: Final = Gauge(
    "syndicate_delivery_oldest_timestamp_seconds",
    "Due time of the oldest unfinished delivery that is not paused; 0 if there is none.",
    registry=_REGISTRY,
)
delivery_seconds: Final = Histogram(
    "syndicate_delivery_seconds",
    "Time from an event to the end of its delivery, for deliveries that succeed at once.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=_REGISTRY,
)
verifications_total: Final = Counter(
    "syndicate_verifications_total",
    "Callback verifications of the WebSub hub, by mode and outcome.",
    ["mode", "outcome"],
    registry=_REGISTRY,
)


def forget_source(name: str) -> None:
    """Remove the metrics of a source that is no longer in the settings, so that no alert stays."""
    for gauge in (source_failing, source_read_timestamp_seconds):
        gauge.remove(name)
    for level in ("error", "warning", "notice"):
        problems.remove(name, level)


def exposition() -> bytes:
    """Return every metric as text of type `EXPOSITION_TYPE` (Prometheus text format)."""
    return generate_latest(_REGISTRY)


@dataclass(frozen=True, slots=True)
class Logger:
    """Logs events under one name, with fields as keyword arguments.

    The names ``event``, ``level``, ``logger`` and ``timestamp`` are reserved.
    """

    name: str

    def debug(self, event: str, **values: object) -> None:
        """Log details for debugging."""
        _write("debug", self.name, event, values)

    def info(self, event: str, **values: object) -> None:
        """Log normal operation."""
        _write("info", self.name, event, values)

    def warning(self, event: str, **values: object) -> None:
        """Log a problem despite which the service continues."""
        _write("warning", self.name, event, values)

    def error(self, event: str, **values: object) -> None:
        """Log a failure."""
        _write("error", self.name, event, values)

    def exception(self, event: str, **values: object) -> None:
        """Log an unexpected failure, with the traceback of the current exception."""
        _write("error", self.name, event, values, sys.exception())


def total(counter: Counter) -> int:
    """Return the sum of ``counter`` over all its labels."""
    samples = (sample for metric in counter.collect() for sample in metric.samples)
    return round(sum(sample.value for sample in samples if sample.name.endswith("_total")))


def logger(name: str) -> Logger:
    """Return the logger called ``name``: the module or component, in one word."""
    return Logger(name)


def configure(log_format: LogFormat = "auto", level: LogLevel = "info") -> None:
    """Set the format of the log and its lowest level.

    ``auto`` is ``console`` if stderr is a terminal, else JSON, one object a line. Warnings and
    errors of other packages appear in the same log. Until called: auto, warnings.
    """
    _settings.log_format = log_format
    _settings.threshold = _RANKS[level]
    root = logging.getLogger()
    if _handler not in root.handlers:
        root.addHandler(_handler)


_RANKS: Final[dict[LogLevel, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


@dataclass(slots=True)
class _LogSettings:
    log_format: LogFormat = "auto"
    threshold: int = logging.WARNING


_settings: Final = _LogSettings()


class _Stderr:
    """Writes to the current `sys.stderr`, so that it can be redirected."""

    def msg(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    debug = info = warning = error = msg


class _StandardLibraryHandler(logging.Handler):
    """Forwards log records of other packages to this log."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        level: LogLevel = "error" if record.levelno >= logging.ERROR else "warning"
        error = record.exc_info[1] if record.exc_info else None
        _write(level, record.name, record.getMessage(), {}, error)


MAX_VALUE_CHARACTERS: Final = 2_000
"""Longer values are truncated in the log."""

_handler: Final = _StandardLibraryHandler(logging.WARNING)


def _write(
    level: LogLevel,
    name: str,
    event: str,
    values: dict[str, object],
    error: BaseException | None = None,
) -> None:
    if _RANKS[level] < _settings.threshold:
        return
    terminal = sys.stderr.isatty()
    log_format = _settings.log_format
    if log_format == "auto":
        log_format = "console" if terminal else "json"
    cause = {"exc_info": error} if error else {}
    write = getattr(_make_writer(log_format, colors=terminal), level)
    bounded = {key: _truncated(value) for key, value in values.items()}
    if current_request := request_id.get():
        bounded["request_id"] = current_request
    write(_truncated(event), **bounded | {"logger": name} | cause)


def _truncated(value: object) -> object:
    """Truncate a long text: input of clients and files may have any length."""
    if isinstance(value, str) and len(value) > MAX_VALUE_CHARACTERS:
        return f"{value[:MAX_VALUE_CHARACTERS]}… ({len(value):,} characters)"
    return value


@contextmanager
def import_blocked(module: str) -> Iterator[None]:
    """Make imports of ``module`` fail, unless it is imported already."""
    modules = cast("dict[str, object]", sys.modules)
    is_new = module not in modules
    modules.setdefault(module, None)
    try:
        yield
    finally:
        if is_new:
            del modules[module]


@cache
def _make_writer(log_format: Literal["console", "json"], *, colors: bool) -> object:
    # Goal: nobody waits for the completion of commands in a shell; structlog takes 30 ms more, and
    # rich 50 ms and 5 MB, for tracebacks that are written without it.
    with import_blocked("rich"):
        import structlog  # noqa: PLC0415

    console = structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback
    )
    writer: object = structlog.wrap_logger(
        _Stderr(),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *(
                [console]
                if log_format == "console"
                else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
    )
    return writer
