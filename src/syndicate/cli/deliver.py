"""`syndicate deliver`."""

import os

from syndicate import telemetry
from syndicate.cli.options import ConfigFile


def deliver(config: ConfigFile = None) -> None:
    """Deliver to subscribers, and nothing else: for a second process or host.

    Runs until it is told to stop (SIGINT or SIGTERM); then it finishes what is in progress.
    """
    from syndicate.service.delivering import deliver_until_stopped
    from syndicate.settings import load
    from syndicate.web.server import runner

    settings = load(config, os.environ)
    telemetry.configure(settings.service.log)
    log = telemetry.logger("deliver")
    with runner() as loop:
        log.info("delivering")
        loop.run(deliver_until_stopped(settings))
    log.info("stopped")
