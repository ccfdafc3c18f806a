"""`syndicate deliveries`: what was sent, and what came of it."""

from typing import Annotated

import typer

from syndicate.cli.options import AsJson, ConfigFile
from syndicate.cli.terminal import say, say_json, talk
from syndicate.model.statement import of_delivery, with_attempts

app = typer.Typer(name="deliveries", help="Look at what was sent.", no_args_is_help=True)

_Which = Annotated[
    str, typer.Argument(metavar="DELIVERY", help="Its id, as `deliveries list` shows it.")
]


@app.command("list")
def list_(
    subscription: Annotated[str, typer.Argument(help="The id of a subscription.")],
    limit: Annotated[int, typer.Option(metavar="N", help="How many to list.")] = 50,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List what was and is on its way to a subscription, the newest first."""
    from syndicate.cli.office import at_office

    found = at_office(
        config,
        lambda office, _: office.deliveries(subscription, None, before=None, limit=limit),
    )
    if as_json:
        say_json([of_delivery(one) for one in found])
    for one in () if as_json else found:
        say(f"{one.id}  {one.state:9}  {one.attempts} attempts  {one.event}  {one.last_error}")


@app.command()
def show(delivery: _Which, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Show a delivery with every attempt."""
    from syndicate.cli.office import at_office

    found, attempts = at_office(config, lambda office, _: office.delivery(delivery, None))
    if as_json:
        say_json(with_attempts(found, attempts))
        return
    say(f"{found.id}  {found.state}  {found.event}")
    for one in attempts:
        came = one.status or one.cause
        say(f"{one.number:3}  {one.started}  {came}  {one.took_ms} ms  {one.address}  {one.error}")


@app.command()
def replay(delivery: _Which, config: ConfigFile = None) -> None:
    """Send a delivery again, with the same id."""
    from syndicate.cli.office import at_office

    again = at_office(config, lambda office, _: office.replay(delivery, None))
    talk(f"{again.id} is {again.state}.")
