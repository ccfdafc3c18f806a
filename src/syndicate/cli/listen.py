"""`syndicate listen`: see what subscribers are sent."""

import json
import os
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from syndicate.cli.options import AsJson, ConfigFile
from syndicate.cli.terminal import say, talk


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
    from syndicate.model.signature import Secret
    from syndicate.service import listening
    from syndicate.settings import load
    from syndicate.web.server import runner

    given = Secret.parse(secret) if secret else None
    receiving = listening.listen(
        listening.known(given) if given else listening.stored(load(config, os.environ)),
        port,
        heard=_say_json if as_json else _say,
        refused=lambda why: talk(f"Refused: {why}", colour="red"),
        started=_begin if given else _invite,
    )
    with runner() as loop:
        loop.run(receiving)


def _begin(address: str) -> None:
    talk(f"Listening on {address} (Ctrl-C to stop)")


def _invite(address: str) -> None:
    talk(f"Listening on {address} (Ctrl-C to stop). In another terminal:")
    talk(f"  syndicate subscriptions add {address}/")


def _say(told: Mapping[str, Any]) -> None:
    from syndicate.cli.events import columns

    kind, *rest = columns(told)
    say("  ".join([f"{kind:17}", *filter(None, rest)]).rstrip())


def _say_json(told: Mapping[str, Any]) -> None:
    say(json.dumps(told))
