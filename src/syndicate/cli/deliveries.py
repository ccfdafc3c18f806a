"""`syndicate deliveries`: what was sent, and what came of it."""

import json
from typing import Annotated

import typer

from syndicate.cli.events import columns
from syndicate.cli.options import AsJson, ConfigFile
from syndicate.cli.terminal import say, say_json, talk
from syndicate.model.delivery import Delivery
from syndicate.model.event import rfc3339
from syndicate.model.statement import of_delivery, with_attempts

app = typer.Typer(name="deliveries", help="Inspect and replay deliveries.", no_args_is_help=True)

_Which = Annotated[
    str, typer.Argument(metavar="DELIVERY", help="Delivery ID, as shown by `deliveries list`.")
]


@app.command("list")
def list_(
    subscription: Annotated[str, typer.Argument(help="Subscription ID.")],
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, help="Maximum number of deliveries.")
    ] = 50,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List the deliveries of a subscription, newest first."""
    from syndicate.cli.office import at_office

    found = at_office(
        config,
        lambda office, _: office.deliveries(subscription, None, before=None, limit=limit),
    )
    if as_json:
        say_json([of_delivery(one) for one in found])
    for one in () if as_json else found:
        tried = f"{one.attempts} attempt{'' if one.attempts == 1 else 's'}"
        say(f"{one.id}  {one.state:9}  {tried:11}  {_what(one)}  {one.last_error}".rstrip())


@app.command()
def show(delivery: _Which, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Show a delivery and its attempts."""
    from syndicate.cli.office import at_office

    found, attempts = at_office(config, lambda office, _: office.delivery(delivery, None))
    if as_json:
        say_json(with_attempts(found, attempts))
        return
    say(f"{found.id}  {found.state}  {found.event}  {_what(found)}")
    for one in attempts:
        came, began = one.status or one.cause, rfc3339(one.started)
        line = f"{one.number:3}  {began}  {came}  {one.took_ms} ms  {one.address}  {one.error}"
        say(line.rstrip())


@app.command()
def replay(delivery: _Which, config: ConfigFile = None) -> None:
    """Send a delivery again with the same ID."""
    from syndicate.cli.office import at_office

    again = at_office(config, lambda office, _: office.replay(delivery, None))
    talk(f"{again.id}: {again.state}")


def _what(delivery: Delivery) -> str:
    """Return what a delivery says: the type of its event, why, and the post; or its topic."""
    if delivery.topic:
        return delivery.topic
    return "  ".join(filter(None, columns(json.loads(delivery.body))[:3]))
