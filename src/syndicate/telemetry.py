"""What the service says about itself: one log, and the numbers an operator watches.

Any layer may speak: ``log = logger("git")`` at the head of a module, then ``log.info("fetched",
source="usds")``; and ``posts_parsed_total.labels("usds").inc()``.
The log goes to stderr, one line a message. Metrics follow the naming advice of Prometheus: base
units, ``_total`` for what only rises, moments as seconds since 1970 (the age is ``time() - x``).
No subscriber, address or person may appear in a label.
"""

import logging
import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import inf
from typing import Final, Literal, cast

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from syndicate import __version__

LogFormat = Literal["auto", "console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

EXPOSITION_TYPE: Final = CONTENT_TYPE_LATEST
"""The media type of `exposition`."""


class FastCounter:
    """A number that only rises."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def inc(self) -> None:
        """Count one more."""
        self.count += 1


class FastCounterVec(Collector):
    """A counter with labels for one thread: without the lock, which takes longer than counting."""

    def __init__(
        self, name: str, documentation: str, labels: Sequence[str], *, registry: CollectorRegistry
    ) -> None:
        self._description = (name, documentation, labels)
        self._counters: dict[tuple[str, ...], FastCounter] = {}
        registry.register(self)

    def labels(self, *values: str) -> FastCounter:
        """Return the one tally with these values of the labels."""
        return self._counters.setdefault(values, FastCounter())

    @override
    def collect(self) -> Iterator[Metric]:
        name, documentation, labels = self._description
        family = CounterMetricFamily(name, documentation, labels=labels)
        for values, counter in self._counters.copy().items():
            family.add_metric(values, counter.count)
        yield family


class FastHistogram(Collector):
    """A histogram of seconds for one thread, with the upper bounds of its buckets."""

    def __init__(
        self,
        name: str,
        documentation: str,
        *,
        buckets: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._description = (name, documentation)
        self._bounds = (*map(float, buckets), inf)
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0
        registry.register(self)

    def observe(self, seconds: float) -> None:
        """Count one that took so long."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    @override
    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(*self._description)
        bounds = (*map(str, self._bounds[:-1]), "+Inf")
        family.add_metric([], [*zip(bounds, accumulate(self._counts), strict=True)], self._sum)
        yield family


_REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=_REGISTRY)
Info("syndicate_build", "What is running.", registry=_REGISTRY).info({"version": __version__})

posts_parsed_total: Final = Counter(
    "syndicate_posts_parsed_total",
    "Files read as posts, by source; unchanged ones are not read again.",
    ["source"],
    registry=_REGISTRY,
)
posts_rendered_total: Final = Counter(
    "syndicate_posts_rendered_total",
    "Posts rendered to HTML; those found in the cache are not.",
    registry=_REGISTRY,
)
editions_total: Final = Counter(
    "syndicate_editions_total", "Editions put in service.", registry=_REGISTRY
)
edition_timestamp_seconds: Final = Gauge(
    "syndicate_edition_timestamp_seconds",
    "When the edition in service was made.",
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
    "1 while a source is served from an older commit because the newest cannot be, else 0.",
    ["source"],
    registry=_REGISTRY,
)
posts_announced_total: Final = Counter(
    "syndicate_posts_told_total",
    "Posts told to be published, updated or removed.",
    registry=_REGISTRY,
)
component_restarts_total: Final = Counter(
    "syndicate_component_restarts_total",
    "Components of the service that ended by an error and were restarted.",
    ["component"],
    registry=_REGISTRY,
)
database_failing: Final = Gauge(
    "syndicate_database_failing",
    "1 while the database cannot be used and nothing can be told, else 0.",
    registry=_REGISTRY,
)
requests_total: Final = FastCounterVec(
    "syndicate_requests_total",
    "Requests answered, by route and status.",
    ["route", "status"],
    registry=_REGISTRY,
)
request_seconds: Final = FastHistogram(
    "syndicate_request_seconds",
    "Time from a request's head to the end of its answer.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=_REGISTRY,
)
hooks_total: Final = Counter(
    "syndicate_hooks_total",
    "Push hooks of git hosts, by outcome: accepted, or refused for what they show.",
    ["outcome"],
    registry=_REGISTRY,
)
deliveries_total: Final = Counter(
    "syndicate_deliveries_total",
    "Attempts to deliver that are over, by outcome.",
    ["outcome"],
    registry=_REGISTRY,
)
deliveries_waiting: Final = Gauge(
    "syndicate_deliveries_waiting",
    "Deliveries that are not finished, on their way or due later.",
    registry=_REGISTRY,
)
delivery_oldest_timestamp_seconds: Final = Gauge(
    "syndicate_delivery_oldest_timestamp_seconds",
    "When the unfinished delivery that waits longest is or was due; 0 if there is none.",
    registry=_REGISTRY,
)
delivery_seconds: Final = Histogram(
    "syndicate_delivery_seconds",
    "Time from when an event was told to the end of its delivery, of those that came at once.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=_REGISTRY,
)
verifications_total: Final = Counter(
    "syndicate_verifications_total",
    "Subscribers of the WebSub hub that were asked what they meant, by mode and outcome.",
    ["mode", "outcome"],
    registry=_REGISTRY,
)


def exposition() -> bytes:
    """Return every metric as text of type `EXPOSITION_TYPE` (Prometheus text format)."""
    return generate_latest(_REGISTRY)


@dataclass(frozen=True, slots=True)
class Logger:
    """Speaks under one name; values are keywords and may be anything that has a text.

    ``event``, ``level``, ``logger`` and ``timestamp`` are taken by the message itself.
    """

    name: str

    def debug(self, event: str, **values: object) -> None:
        """Say what only somebody looking for a fault wants to know."""
        _write("debug", self.name, event, values)

    def info(self, event: str, **values: object) -> None:
        """Say that something went as it should."""
        _write("info", self.name, event, values)

    def warning(self, event: str, **values: object) -> None:
        """Say that something is wrong and the service goes on without it."""
        _write("warning", self.name, event, values)

    def error(self, event: str, **values: object) -> None:
        """Say that something failed."""
        _write("error", self.name, event, values)

    def exception(self, event: str, **values: object) -> None:
        """Say that something failed unexpectedly, with the traceback of the exception at hand."""
        _write("error", self.name, event, values, sys.exception())


def logger(name: str) -> Logger:
    """Return the logger called ``name``: the module or part that speaks, in one word."""
    return Logger(name)


def configure(log_format: LogFormat = "auto", level: LogLevel = "info") -> None:
    """Set how the log looks and from which level on it is written.

    ``auto`` is for people where stderr is a terminal, else JSON, one object a line. Warnings
    and errors of other packages appear in the same log. Until called: auto, warnings.
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
    """Writes to what stderr is at that moment, so that redirecting it works."""

    def msg(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    debug = info = warning = error = msg


class _StandardLibraryHandler(logging.Handler):
    """Carries what other packages log over to ours."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        level: LogLevel = "error" if record.levelno >= logging.ERROR else "warning"
        error = record.exc_info[1] if record.exc_info else None
        _write(level, record.name, record.getMessage(), {}, error)


MAX_VALUE_CHARACTERS: Final = 2_000
"""Characters of a value in the log."""

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
    write(_truncated(event), **bounded | {"logger": name} | cause)


def _truncated(value: object) -> object:
    """Return the beginning of a long text: what a stranger or a file says may be of any length."""
    if isinstance(value, str) and len(value) > MAX_VALUE_CHARACTERS:
        return f"{value[:MAX_VALUE_CHARACTERS]}… ({len(value):,} characters)"
    return value


@contextmanager
def import_blocked(module: str) -> Iterator[None]:
    """Let nothing import ``module`` that can do without, unless somebody has."""
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
    with import_blocked("rich"):  # 50 ms and 5 MB, for tracebacks that we write without it
        import structlog  # noqa: PLC0415 — 30 ms that silent commands need not pay

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
