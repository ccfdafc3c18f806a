"""Traces of OpenTelemetry, if the environment names a collector; without one, nothing happens.

The standard variables count: ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`` or
``OTEL_EXPORTER_OTLP_ENDPOINT`` with the URL of the collector, and what else the OTLP exporter
reads. The packages are those of the extra ``tracing``.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from typing import Final, Protocol

from syndicate import telemetry

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

Attributes = Mapping[str, str | int]
Times = tuple[datetime, datetime]
"""Beginning and end."""

_log = telemetry.logger("tracing")


class TracedEvent(Protocol):
    """What a span needs of an event that is recorded: ids, type, and when it was noticed."""

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def type(self) -> str: ...  # noqa: D102

    @property
    def commit_id(self) -> str: ...  # noqa: D102

    @property
    def noticed_at(self) -> datetime: ...  # noqa: D102


class Tracer:
    """Makes no spans; `commit_tracer.CommitTracer` does. Commits are full ids in hexadecimal."""

    def commit_read(self, source: str, commit: str, times: Times) -> None:
        """Add that a commit of a source was read: the root of its trace."""

    def edition_built(self, commits: Mapping[str, str], times: Times) -> None:
        """Add an edition to the trace of each new commit, by source."""

    def events_recorded(self, events: Iterable[TracedEvent], now: datetime) -> None:
        """Add events to the traces of their commits, from when they were noticed until ``now``."""

    def delivery_attempted(
        self, event: str, body: bytes, times: Times, attributes: Attributes, *, error: str = ""
    ) -> None:
        """Add an attempt to send an event, with its commit in ``body``, to one subscriber."""

    def close(self) -> None:
        """Export what is left."""


class _Current:
    tracer: Tracer = Tracer()


def current() -> Tracer:
    """Return the tracer of this process."""
    return _Current.tracer


@contextmanager
def run_tracer(environ: Mapping[str, str]) -> Iterator[None]:
    """Trace what happens in the block, if ``environ`` names a collector."""
    if not any(environ.get(name) for name in _ENDPOINTS):
        yield
        return
    try:
        tracer: Tracer = import_module("syndicate.telemetry.commit_tracer").make_tracer()
    except ImportError as error:
        _log.warning("tracing unavailable", reason=f"{error}; install syndicate-feeds[tracing]")
        yield
        return
    _Current.tracer = tracer
    try:
        yield
    finally:
        _Current.tracer = Tracer()
        tracer.close()
