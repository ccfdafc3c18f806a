"""Spans from a commit to its deliveries are one trace, whichever processes make them."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace.status import StatusCode
from typing_extensions import override

from syndicate import __version__
from syndicate.telemetry import commit_tracer, tracing
from syndicate.telemetry.commit_tracer import CommitTracer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
START = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = (START, START + timedelta(seconds=2))
BODY = f'{{"data":{{"post":{{"html":"\\"commit\\":"}},"source":"a","commit":"{COMMIT}"}}}}'.encode()


@dataclass(frozen=True)
class Event:
    """What is traced of an event."""

    id: str = "evt_1"
    type: str = "post.published"
    commit_id: str = COMMIT
    noticed_at: datetime = START


@dataclass
class Process:
    """The tracer of a process and what it exported."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def __post_init__(self) -> None:
        self.tracer = CommitTracer(self.exporter)

    def spans(self) -> dict[str, ReadableSpan]:
        """Close the tracer, and return its spans by name."""
        self.tracer.close()
        return {span.name: span for span in self.exporter.get_finished_spans()}


def identity(span: ReadableSpan) -> tuple[int, int, int | None]:
    """Return the ids of the trace, of a span, and of its parent."""
    assert span.context is not None
    parent = span.parent.span_id if span.parent else None
    return span.context.trace_id, span.context.span_id, parent


def test_commit_edition_event_and_delivery_are_one_trace() -> None:
    """Each is the parent of the next; another process delivers."""
    publisher, worker = Process(), Process()
    publisher.tracer.commit_read("news", COMMIT, TIMES)
    publisher.tracer.edition_built({"news": COMMIT}, TIMES)
    publisher.tracer.events_recorded([Event()], TIMES[1])
    attributes: tracing.Attributes = {"syndicate.delivery": "sub_a.1", "syndicate.attempt": 1}
    worker.tracer.delivery_attempted("evt_1", BODY, TIMES, attributes)
    spans = publisher.spans() | worker.spans()
    names = ["read commit", "build edition", "record event", "deliver event"]
    assert [*spans] == names
    parent = None
    for name in names:
        trace_id, span_id, parent_id = identity(spans[name])
        assert (f"{trace_id:032x}", parent_id) == (COMMIT[:32], parent)
        assert (spans[name].attributes or {})["vcs.ref.head.revision"] == COMMIT
        assert spans[name].end_time == 1_767_225_602_000_000_000
        parent = span_id
    assert dict(spans["deliver event"].attributes or {}).items() >= attributes.items()
    resource = spans["read commit"].resource.attributes
    assert resource["service.name"] == "syndicate"


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"OTEL_SERVICE_NAME": "feeds"}, "feeds"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=news,host.name=a"}, "news"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "host.name=a"}, "syndicate"),
    ],
)
def test_environment_names_the_service(
    environ: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In either variable; the version is ours."""
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    process = Process()
    process.tracer.commit_read("news", COMMIT, TIMES)
    (span,) = process.spans().values()
    attributes = span.resource.attributes
    assert (attributes["service.name"], attributes["service.version"]) == (name, __version__)


def test_event_after_a_restart_is_in_the_trace_without_a_parent() -> None:
    """The process that built the edition is gone."""
    process = Process()
    process.tracer.edition_built({"news": OTHER}, TIMES)
    process.tracer.events_recorded([Event()], TIMES[1])
    trace_id, _, parent = identity(process.spans()["record event"])
    assert (f"{trace_id:032x}", parent) == (COMMIT[:32], None)


def test_failed_attempt_is_an_error_and_a_test_event_has_no_trace() -> None:
    """A body without a commit belongs to none."""
    process = Process()
    process.tracer.delivery_attempted("evt_1", b'{"data":{}}', TIMES, {})
    process.tracer.delivery_attempted("evt_1", BODY, TIMES, {}, error="status 500")
    (span,) = process.spans().values()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "status 500")


def test_clock_that_is_set_back_makes_no_negative_span() -> None:
    """It ends when it began."""
    process = Process()
    process.tracer.commit_read("news", COMMIT, (TIMES[1], TIMES[0]))
    (span,) = process.spans().values()
    assert span.start_time == span.end_time == 1_767_225_602_000_000_000


class FailingExporter(InMemorySpanExporter):
    """An exporter that cannot be shut down."""

    @override
    def shutdown(self) -> None:
        raise OSError("no collector")


def test_error_of_tracing_is_logged_and_stays_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Deliveries and editions go on; other spans are made."""
    process = Process(FailingExporter())
    tracer = process.tracer
    tracer.commit_read("news", "not hexadecimal", TIMES)
    tracer.edition_built({"news": "not hexadecimal"}, TIMES)
    tracer.events_recorded([Event(commit_id="")], TIMES[1])
    tracer.delivery_attempted("\udcff", BODY, TIMES, {})
    tracer.commit_read("news", COMMIT, TIMES)
    assert [*process.spans()] == ["read commit"]
    assert capsys.readouterr().err.count("tracing failed") == 5


def test_known_spans_are_bounded() -> None:
    """The oldest is forgotten first."""
    process = Process()
    commits = [f"{number:032x}{number:08x}" for number in range(1, 1_002)]
    for commit in commits:
        process.tracer.commit_read("news", commit, TIMES)
    for commit in (commits[0], commits[-1]):
        process.tracer.edition_built({"news": commit}, TIMES)
    process.tracer.close()
    spans = process.exporter.get_finished_spans()
    assert [span.parent is None for span in spans if span.name == "build edition"] == [True, False]


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Return an environment with a collector that nobody runs."""
    monkeypatch.setattr(commit_tracer, "OTLPSpanExporter", InMemorySpanExporter)
    yield {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    assert type(tracing.current()) is tracing.Tracer


def test_collector_in_the_environment_turns_traces_on(environ: dict[str, str]) -> None:
    """Until the end of the block; without one nothing is traced."""
    with tracing.run_tracer({}):
        assert type(tracing.current()) is tracing.Tracer
    with tracing.run_tracer(environ):
        assert isinstance(tracing.current(), CommitTracer)


def test_missing_packages_are_a_warning(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service runs without traces."""
    monkeypatch.setitem(sys.modules, "syndicate.telemetry.commit_tracer", None)
    with tracing.run_tracer(environ):
        tracer = tracing.current()
        assert type(tracer) is tracing.Tracer
        tracer.commit_read("news", COMMIT, TIMES)
        tracer.edition_built({}, TIMES)
        tracer.events_recorded([], START)
        tracer.delivery_attempted("evt_1", BODY, TIMES, {})
        tracer.close()
    assert "install syndicate-feeds[tracing]" in capsys.readouterr().err
