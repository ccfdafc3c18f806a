"""`syndicate serve`."""

import os

from syndicate import telemetry
from syndicate.cli.options import ConfigFile


def serve(config: ConfigFile = None) -> None:
    """Serve the feeds, watch the sources and deliver to subscribers.

    Runs until SIGINT or SIGTERM, then finishes the requests and attempts in progress.
    """
    from syndicate.service.process import starting

    with starting():
        _serve(config)


def _serve(config: ConfigFile) -> None:
    from syndicate.service import serving
    from syndicate.service.newsroom import Newsroom
    from syndicate.settings import load
    from syndicate.web.server import runner

    settings = load(config, os.environ)
    telemetry.configure(settings.service.log)
    log = telemetry.logger("serve")

    def started(port: int) -> None:
        log.info("serving", address=f"http://{settings.service.host}:{port}")

    with Newsroom(settings, is_public=True) as newsroom, runner() as loop:
        loop.run(serving.serve(newsroom, started=started))
    log.info("stopped")
