"""`syndicate deliver`: run delivery workers without a web server."""

import os
from contextlib import ExitStack
from typing import Annotated

import typer

from syndicate import telemetry
from syndicate.cli.options import ConfigFile, command_app
from syndicate.service.delivery_service import deliver_until_stopped
from syndicate.settings import load
from syndicate.telemetry.metrics_server import metrics_server
from syndicate.telemetry.tracing import run_tracer
from syndicate.web.http.server import uvloop_runner

app = command_app()

_log = telemetry.logger("deliver")


@app.command()
def deliver(
    metrics_port: Annotated[
        int | None,
        typer.Option(
            "--metrics-port",
            metavar="PORT",
            min=0,
            max=65535,
            help="Serve /metrics on this port of service.host; 0 selects a free port.",
        ),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Run delivery workers only: for a second process or host.

    Runs until SIGINT or SIGTERM, then finishes the attempts in progress.
    """
    settings = load(config, os.environ)
    telemetry.configure(settings.service.log)
    with ExitStack() as opened:
        opened.enter_context(run_tracer(os.environ))
        loop = opened.enter_context(uvloop_runner())
        if metrics_port is not None:
            service = settings.service
            server = metrics_server(service.host, metrics_port, token=service.metrics_token)
            _log.info("metrics served", host=service.host, port=opened.enter_context(server))
        _log.info("delivering")
        loop.run(deliver_until_stopped(settings))
    _log.info("stopped")
