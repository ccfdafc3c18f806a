"""`syndicate serve`: run the service."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from syndicate import telemetry
from syndicate.cli.options import ConfigFile, command_app
from syndicate.cli.progress import has_edition, progress
from syndicate.service.content_service import ContentService
from syndicate.service.process_tuning import gc_paused
from syndicate.service.server import serve as serve_until_stopped
from syndicate.settings import load
from syndicate.telemetry.tracing import run_tracer
from syndicate.web.http.server import uvloop_runner

app = command_app()

_log = telemetry.logger("serve")


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="IP address or name to listen on.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Port to listen on; 0: any free port.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Serve the feeds, watch the sources and deliver to subscribers.

    Runs until SIGINT or SIGTERM, then finishes the requests and attempts in progress. SIGHUP reads
    the settings again. --host and --port take precedence over the settings.
    """
    # As environment variables, so that the settings check them and report them like any other.
    options = {"SYNDICATE_SERVICE__HOST": host, "SYNDICATE_SERVICE__PORT": port}
    given = {name: str(value) for name, value in options.items() if value is not None}
    with gc_paused():
        settings = load(config, os.environ | given)
        telemetry.configure(settings.service.log)
        with (
            run_tracer(os.environ),
            _log_start_and_stop(settings.service.host) as on_started,
            ContentService(settings, is_public=True) as content,
            uvloop_runner() as loop,
            progress(is_done=has_edition),
        ):
            loop.run(
                serve_until_stopped(
                    content,
                    on_started=on_started,
                    load_settings=lambda: load(config, os.environ | given),
                )
            )


@contextmanager
def _log_start_and_stop(host: str) -> Iterator[Callable[[int], None]]:
    """Yield a function that logs the URL of the service; log its end unless an error caused it."""
    yield lambda port: _log.info("serving", address=f"http://{host}:{port}")
    _log.info("stopped")
