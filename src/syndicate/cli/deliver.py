"""`syndicate deliver`."""

import os

from syndicate import telemetry
from syndicate.cli.options import ConfigFile


def deliver(config: ConfigFile = None) -> None:
    """Run delivery workers only: for a second process or host.

    Runs until SIGINT or SIGTERM, then finishes the attempts in progress.
    """
    from syndicate.service.delivery_service import deliver_until_stopped
    from syndicate.settings import load
    from syndicate.web.http.server import uvloop_runner

    settings = load(config, os.environ)
    telemetry.configure(settings.service.log)
    log = telemetry.logger("deliver")
    with uvloop_runner() as loop:
        log.info("delivering")
        loop.run(deliver_until_stopped(settings))
    log.info("stopped")
