"""Spans of OpenTelemetry from a commit over editions and events to deliveries, in one trace.

The id of the trace is the beginning of the commit's id, and that of an event's span follows from
the event's id: a process that delivers adds to the trace of the process that recorded the event,
without anything stored for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
from opentelemetry.trace.status import StatusCode
from typing_extensions import override

from syndicate import __version__, telemetry
from syndicate.telemetry.tracing import Attributes, Times, TracedEvent, Tracer

_TRACE_DIGITS: Final = 32
_MAX_KNOWN: Final = 1_000
"""Spans that others of this process may become children of."""
_NANOSECONDS: Final = 1_000_000_000

_COMMIT: Final = re.compile(rb'"commit":"([0-9a-f]{40,64})"')

_log = telemetry.logger("tracing")


def make_tracer() -> "CommitTracer":
    """Return a tracer that exports to the collector that the environment names."""
    return CommitTracer(OTLPSpanExporter())


@contextmanager
def _log_errors() -> Iterator[None]:
    """Log any error of what is decorated: what is traced must go on without its span."""
    try:
        yield
    except Exception:  # noqa: BLE001 — any error of the packages for tracing
        _log.exception("tracing failed")


class CommitTracer(Tracer):
    """Makes spans, and hands them to ``exporter`` in the background; raises nothing."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._ids = _ChosenIds()
        self._lock = Lock()
        self._provider = TracerProvider(
            resource=_make_resource(),
            id_generator=self._ids,
            sampler=ALWAYS_ON,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("syndicate", __version__)
        self._known: dict[tuple[str, str], int] = {}

    @override
    @_log_errors()
    def close(self) -> None:
        self._provider.shutdown()

    @override
    @_log_errors()
    def commit_read(self, source: str, commit: str, times: Times) -> None:
        attributes = {"syndicate.source": source}
        span = self._span("read commit", commit, 0, times, attributes)
        self._remember("read", commit, span)

    @override
    @_log_errors()
    def edition_built(self, commits: Mapping[str, str], times: Times) -> None:
        for source, commit in commits.items():
            parent = self._known.get(("read", commit), 0)
            attributes = {"syndicate.source": source}
            span = self._span("build edition", commit, parent, times, attributes)
            self._remember("edition", commit, span)

    @override
    @_log_errors()
    def events_recorded(self, events: Iterable[TracedEvent], now: datetime) -> None:
        for event in events:
            attributes = {"syndicate.event": event.id, "syndicate.event_type": event.type}
            parent = self._known.get(("edition", event.commit_id), 0)
            times = (event.noticed_at, now)
            own_id = _span_id(event.id)
            self._span("record event", event.commit_id, parent, times, attributes, own_id=own_id)

    @override
    @_log_errors()
    def delivery_attempted(
        self, event: str, body: bytes, times: Times, attributes: Attributes, *, error: str = ""
    ) -> None:
        commits = _COMMIT.findall(body)  # the last is ours: the others are text of the post
        if commits:
            commit, parent = commits[-1].decode(), _span_id(event)
            self._span("deliver event", commit, parent, times, attributes, error=error)

    def _span(  # noqa: PLR0913 — what a span consists of
        self,
        name: str,
        commit: str,
        parent: int,
        times: Times,
        attributes: Attributes,
        *,
        own_id: int = 0,
        error: str = "",
    ) -> int:
        trace_id = int(commit[:_TRACE_DIGITS], 16)
        context = Context()
        if parent:
            flags = TraceFlags(TraceFlags.SAMPLED)
            parent_context = SpanContext(trace_id, parent, is_remote=True, trace_flags=flags)
            context = set_span_in_context(NonRecordingSpan(parent_context), context)
        started, ended = map(_nanoseconds, times)
        with self._lock:
            self._ids.trace_id, self._ids.span_id = trace_id, own_id
            span = self._tracer.start_span(
                name,
                context,
                start_time=started,
                attributes={"vcs.ref.head.revision": commit, **attributes},
            )
        if error:
            span.set_status(StatusCode.ERROR, error)
        span.end(max(started, ended))  # the clock may have been set back meanwhile
        return span.get_span_context().span_id

    def _remember(self, kind: str, commit: str, span: int) -> None:
        self._known[kind, commit] = span
        if len(self._known) > _MAX_KNOWN:
            del self._known[next(iter(self._known))]


class _ChosenIds(IdGenerator):
    """The ids that were set for the next span; a random one for a span without one."""

    def __init__(self) -> None:
        self.trace_id = 0
        self.span_id = 0
        self._random = RandomIdGenerator()

    @override
    def generate_trace_id(self) -> int:
        return self.trace_id

    @override
    def generate_span_id(self) -> int:
        return self.span_id or self._random.generate_span_id()


def _make_resource() -> Resource:
    """Return what is known of this process; the environment may name the service differently.

    Attributes that a program gives count more than those of the environment.
    """
    attributes = {"service.version": __version__}
    if not OTELResourceDetector().detect().attributes.get("service.name"):
        attributes["service.name"] = "syndicate"
    return Resource.create(attributes)


def _span_id(text: str) -> int:
    """Return an id that every process gets for ``text``."""
    return int.from_bytes(sha256(text.encode()).digest()[:8]) or 1


def _nanoseconds(time: datetime) -> int:
    return round(time.timestamp() * _NANOSECONDS)
