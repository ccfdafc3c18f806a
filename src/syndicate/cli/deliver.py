"""`syndicate deliver`: run delivery workers without a web server."""

import os

from syndicate import telemetry
from syndicate.cli.options import ConfigFile, command_app
from syndicate.service.delivery_service import deliver_until_stopped
from syndicate.settings import load
from syndicate.web.http.server import uvloop_runner

app = command_app()

_log = telemetry.logger("deliver")


@app.command()
def deliver(config: ConfigFile = None) -> None:
    """Run delivery workers only: for a second process or host.

    Runs until SIGINT or SIGTERM, then finishes the attempts in progress.
    """
    settings = load(config, os.environ)
    telemetry.configure(settings.service.log)
    with uvloop_runner() as loop:
        _log.info("delivering")
        loop.run(deliver_until_stopped(settings))
    _log.info("stopped")
