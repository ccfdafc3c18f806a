"""`syndicate listen`: receive webhooks on this machine."""

import json
import os
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from syndicate.cli.options import AsJson, ConfigFile, command_app
from syndicate.cli.output import columns, print_result, print_status
from syndicate.model.webhook_signature import Secret
from syndicate.service import webhook_receiver
from syndicate.settings import load
from syndicate.web.http.server import uvloop_runner

app = command_app()


@app.command()
def listen(
    port: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=65535, help="Port to listen on; 0: any free port."),
    ] = 8080,
    secret: Annotated[
        str,
        typer.Option(
            metavar="SECRET",
            envvar="WEBHOOK_SECRET",
            show_envvar=False,
            help="Secret for verification; "
            "default: the secret of each subscription in the database.",
        ),
    ] = "",
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Receive, verify and print webhooks on this machine.

    Answers 401 to requests without a valid signature. Runs until Ctrl-C.
    """
    given = Secret.parse(secret) if secret else None
    receiving = webhook_receiver.receive_webhooks(
        webhook_receiver.fixed_secret(given)
        if given
        else webhook_receiver.stored_secrets(load(config, os.environ)),
        port,
        on_webhook=_print_webhook_json if as_json else _print_webhook,
        on_rejected=lambda reason: print_status(f"Refused: {reason}", colour="red"),
        on_started=_print_url if given else _print_url_and_command,
    )
    with uvloop_runner() as loop:
        loop.run(receiving)


def _print_url(url: str) -> None:
    print_status(f"Listening on {url} (Ctrl-C to stop)")


def _print_url_and_command(url: str) -> None:
    print_status(f"Listening on {url} (Ctrl-C to stop). In another terminal:")
    print_status(f"  syndicate subscriptions add {url}/")


def _print_webhook(webhook: Mapping[str, Any]) -> None:
    kind, *rest = columns(webhook)
    print_result("  ".join([f"{kind:17}", *filter(None, rest)]).rstrip())


def _print_webhook_json(webhook: Mapping[str, Any]) -> None:
    print_result(json.dumps(webhook))
