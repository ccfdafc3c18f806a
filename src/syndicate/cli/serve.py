"""`syndicate serve`."""

import os

from syndicate import telemetry
from syndicate.cli.options import ConfigFile


def serve(config: ConfigFile = None) -> None:
    """Serve the feeds, watch the sources and deliver to subscribers.

    Runs until SIGINT or SIGTERM, then finishes the requests and attempts in progress.
    """
    from syndicate.service.process_tuning import gc_paused

    with gc_paused():
        _serve(config)


def _serve(config: ConfigFile) -> None:
    from syndicate.service import server
    from syndicate.service.content_service import ContentService
    from syndicate.settings import load
    from syndicate.web.http.server import uvloop_runner

    settings = load(config, os.environ)
    telemetry.configure(settings.service.log)
    log = telemetry.logger("serve")

    def log_url(port: int) -> None:
        log.info("serving", address=f"http://{settings.service.host}:{port}")

    with ContentService(settings, is_public=True) as newsroom, uvloop_runner() as loop:
        loop.run(server.serve(newsroom, on_started=log_url))
    log.info("stopped")
