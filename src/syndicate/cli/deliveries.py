"""`syndicate deliveries`: inspect, replay, hold and release deliveries."""

import asyncio
import json
import os
from datetime import datetime
from typing import Annotated

import typer

from syndicate.cli.database_session import command_actor, run_with_subscriptions
from syndicate.cli.options import AsJson, ConfigFile, command_group, parse_time
from syndicate.cli.output import columns, print_json, print_result, print_status
from syndicate.model.audit import AuditEntry
from syndicate.model.delivery import Delivery
from syndicate.model.event import rfc3339
from syndicate.service.content_service import current_time
from syndicate.settings import Settings, load
from syndicate.storage.database import Database
from syndicate.storage.delivery_hold import DeliveryHold
from syndicate.web.serializers import delivery_json, delivery_json_with_attempts

app = command_group("Inspect, replay, hold and release deliveries.")

_DeliveryId = Annotated[
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
    found = run_with_subscriptions(
        config,
        lambda service, _: service.deliveries(subscription, None, before=None, limit=limit),
    )
    if as_json:
        print_json([delivery_json(delivery) for delivery in found])
    for delivery in () if as_json else found:
        attempts = f"{delivery.attempts} attempt{'' if delivery.attempts == 1 else 's'}"
        print_result(
            f"{delivery.id}  {delivery.state:9}  {attempts:11}  {_describe(delivery)}"
            f"  {delivery.last_error}".rstrip()
        )


@app.command()
def show(delivery: _DeliveryId, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Show a delivery and its attempts."""
    found, attempts = run_with_subscriptions(
        config, lambda service, _: service.delivery(delivery, None)
    )
    if as_json:
        print_json(delivery_json_with_attempts(found, attempts))
        return
    print_result(f"{found.id}  {found.state}  {found.event}  {_describe(found)}")
    for attempt in attempts:
        result, started = attempt.status or attempt.cause, rfc3339(attempt.started)
        line = (
            f"{attempt.number:3}  {started}  {result}  {attempt.took_ms} ms"
            f"  {attempt.ip_address}  {attempt.error}"
        )
        print_result(line.rstrip())


@app.command()
def replay(
    delivery: Annotated[
        str,
        typer.Argument(
            metavar="DELIVERY", help="Delivery ID, as shown by `deliveries list`; or use --failed."
        ),
    ] = "",
    failed: Annotated[
        bool,
        typer.Option(
            "--failed", help="Send all deliveries again that failed, of all subscriptions."
        ),
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since", metavar="TIME", parser=parse_time, help="With --failed: since this time."
        ),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Send a delivery again with the same ID, or all that failed since a time."""
    if failed and since and not delivery:
        count = run_with_subscriptions(
            config, lambda service, _: service.replay_failed(None, None, since)
        )
        print_status(f"{count} deliver{'y' if count == 1 else 'ies'} queued")
        return
    if failed or since or not delivery:
        raise typer.BadParameter("expected a delivery ID, or --failed with --since TIME")
    replayed = run_with_subscriptions(config, lambda service, _: service.replay(delivery, None))
    print_status(f"{replayed.id}: {replayed.state}")


@app.command()
def hold(config: ConfigFile = None) -> None:
    """Stop sending to all subscribers until `deliveries release`; events are kept in order.

    Applies to every process that uses the database. Requests in progress end as usual.
    """
    has_begun = asyncio.run(_set_hold(load(config, os.environ), is_held=True))
    print_status("all deliveries are held" if has_begun else "all deliveries are held already")


@app.command()
def release(config: ConfigFile = None) -> None:
    """Send to subscribers again after `deliveries hold`."""
    has_ended = asyncio.run(_set_hold(load(config, os.environ), is_held=False))
    print_status("deliveries are released" if has_ended else "deliveries are not held")


async def _set_hold(settings: Settings, *, is_held: bool) -> bool:
    """Hold or release all deliveries; return whether that changed anything."""
    audit = AuditEntry(
        at=current_time(),
        actor=command_actor(),
        action="deliveries.held" if is_held else "deliveries.released",
        object_id="",
    )
    database = await Database.open(settings.database_url)
    try:
        delivery_hold = DeliveryHold(database)
        return await (delivery_hold.begin(audit) if is_held else delivery_hold.end(audit))
    finally:
        await database.close()


def _describe(delivery: Delivery) -> str:
    """Return event type, reasons and post URL of a delivery, or its WebSub topic."""
    if delivery.topic:
        return delivery.topic
    return "  ".join(filter(None, columns(json.loads(delivery.body))[:3]))
