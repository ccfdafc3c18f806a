"""A commit, its edition, event and delivery arrive as one trace at a collector of OpenTelemetry."""

import asyncio
import os
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.service.subscription_service import open_subscription_service
from syndicate.settings import load
from syndicate.telemetry.tracing import run_tracer
from tests.channels.receiver import respond, run_receiver
from tests.content_repository import ContentRepository
from tests.publisher.conftest import FIRST, SECOND, SETTINGS, post_file
from tests.running_service import running_service
from tests.system.test_commit_to_webhook import DELIVERY_SETTINGS


@contextmanager
def run_collector() -> Iterator[tuple[str, list[Span]]]:
    """Run a collector; yield its URL and the spans that it receives."""
    spans: list[Span] = []

    class Handler(BaseHTTPRequestHandler):
        """Accepts OTLP over HTTP."""

        def do_POST(self) -> None:
            request = ExportTraceServiceRequest()
            request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", spans
        server.shutdown()


async def publish_and_deliver(folder: pathlib.Path) -> str:
    """Run the service until a commit is delivered; return the commit."""
    content = ContentRepository.create(folder / "content")
    content.commit({FIRST: post_file("First")})
    settings_file = folder / "syndicate.toml"
    settings_file.write_text(SETTINGS + DELIVERY_SETTINGS)
    settings = load(settings_file, {"SYNDICATE_SERVICE__PORT": "0"})
    async with (
        running_service(settings, seconds=40) as client,
        run_receiver(respond(204)) as receiver,
        open_subscription_service(settings) as service,
    ):
        while not (await client.get("/v1/changes")).is_success:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await service.subscribe(Subscription(id=SubscriptionId(""), url=receiver.url()))
        content.commit({SECOND: post_file("Second")})
        while not receiver.requests:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return content.git("rev-parse", "HEAD").strip()


async def test_commit_to_delivery_is_one_trace(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each span is the parent of the next."""
    with run_collector() as (url, spans):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        with run_tracer(os.environ):
            commit = await publish_and_deliver(tmp_path)
        trace = {span.name: span for span in spans if span.trace_id.hex() == commit[:32]}
    parent = b""
    for name in ("read commit", "build edition", "record event", "deliver event"):
        assert trace[name].parent_span_id == parent
        assert trace[name].end_time_unix_nano >= trace[name].start_time_unix_nano > 0
        parent = trace[name].span_id
