"""`syndicate subscriptions`: manage webhook subscriptions."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated
from urllib.parse import parse_qsl

import typer

from syndicate.cli.database_session import run_with_subscriptions
from syndicate.cli.options import AsJson, ConfigFile, Since, command_group
from syndicate.cli.output import print_json, print_result, print_status
from syndicate.model.delivery import RequestFault, SubscriptionStatus
from syndicate.model.edition import Edition
from syndicate.model.query import parse_query
from syndicate.model.selection import Selection
from syndicate.model.subscription import (
    Subscription,
    SubscriptionId,
    SubscriptionPatch,
    parse_event_types,
)
from syndicate.model.subscription_headers import SubscriptionHeaders, parse_headers
from syndicate.service.subscription_service import SubscriptionService
from syndicate.settings import Settings
from syndicate.web.serializers import JsonObject, subscription_json

app = command_group("Manage webhook subscriptions.")

_SubscriptionArgument = Annotated[
    str,
    typer.Argument(
        metavar="SUBSCRIPTION", help="Subscription ID, as shown by `subscriptions list`."
    ),
]
_SelectOption = Annotated[
    str | None,
    typer.Option(
        metavar="QUERY",
        help="Only posts that match this feed query: 'category=tts&carousel=true'.",
    ),
]
_TypesOption = Annotated[
    str | None,
    typer.Option(metavar="TYPES", help="Only these event types, separated by commas."),
]
_HeadersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        metavar="NAME:VALUE",
        help="Add this header field to each webhook; at most five times.",
    ),
]
_MinorOption = Annotated[bool | None, typer.Option(help="Also send minor updates.")]
_ThinOption = Annotated[
    bool | None, typer.Option("--thin/--full", help="Send only the ID, URL and title of the post.")
]


@app.command()
def add(  # noqa: PLR0913, PLR0917 — every field is an option
    url: Annotated[str, typer.Argument(help="Where to send.")],
    select: _SelectOption = None,
    types: _TypesOption = None,
    minor: _MinorOption = None,
    thin: _ThinOption = None,
    header: _HeadersOption = None,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Send all live posts first.")
    ] = False,
    owner: Annotated[
        str, typer.Option(metavar="NAME", help="Owner of the subscription: the name of a token.")
    ] = "",
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Create a subscription and print its signing secret."""
    patch = replace(
        _patch(types, minor, thin), url=url, backfill=backfill, headers=_headers(header)
    )
    blank = Subscription(id=SubscriptionId(""), owner=owner, url=url)

    async def create(service: SubscriptionService, _: Settings) -> Subscription:
        complete_patch = _with_selection(patch, select, lambda: service.content.edition)
        return await service.subscribe(complete_patch.apply_to(blank))

    _print_secret(run_with_subscriptions(config, create), as_json=as_json)


@app.command()
def edit(  # noqa: PLR0913, PLR0917 — every field is an option
    subscription: _SubscriptionArgument,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Where to send.")] = None,
    select: _SelectOption = None,
    types: _TypesOption = None,
    minor: _MinorOption = None,
    thin: _ThinOption = None,
    header: _HeadersOption = None,
    config: ConfigFile = None,
) -> None:
    """Edit a subscription.

    A changed selection sends events: posts that leave it as removed, new posts as published.
    --header replaces all header fields.
    """
    patch = replace(_patch(types, minor, thin), url=url, headers=_headers(header))

    async def update(service: SubscriptionService, _: Settings) -> None:
        complete_patch = _with_selection(patch, select, lambda: service.content.edition)
        await service.update(subscription, None, complete_patch)

    run_with_subscriptions(config, update)
    print_status(f"{subscription}: updated")


@app.command("list")
def list_(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """List all subscriptions, oldest first."""

    async def read_all(service: SubscriptionService, _: Settings) -> list[SubscriptionStatus]:
        subscriptions = await service.subscriptions.list()
        return [await service.get(subscription.id, None) for subscription in subscriptions]

    statuses = run_with_subscriptions(config, read_all)
    if as_json:
        print_json([_status_json(status) for status in statuses])
    for subscription in () if as_json else (status.subscription for status in statuses):
        print_result(
            f"{subscription.id}  {subscription.state:9}  {subscription.url}"
            f"{f'  ({subscription.status_reason})' if subscription.status_reason else ''}"
        )


@app.command()
def show(
    subscription: _SubscriptionArgument, as_json: AsJson = False, config: ConfigFile = None
) -> None:
    """Show a subscription, its pending deliveries and its last attempt."""
    shown = _status_json(
        run_with_subscriptions(config, lambda service, _: service.get(subscription, None))
    )
    if as_json:
        print_json(shown)
    for name, value in () if as_json else shown.items():
        print_result(f"{name:14}{value if isinstance(value, str) else json.dumps(value)}")


@app.command()
def pause(subscription: _SubscriptionArgument, config: ConfigFile = None) -> None:
    """Pause a subscription; its deliveries are queued."""
    run_with_subscriptions(
        config,
        lambda service, _: service.update(subscription, None, SubscriptionPatch(state="paused")),
    )
    print_status(f"{subscription}: paused; events are queued")


@app.command()
def resume(subscription: _SubscriptionArgument, config: ConfigFile = None) -> None:
    """Resume a subscription and reset its failures."""
    run_with_subscriptions(
        config,
        lambda service, _: service.update(subscription, None, SubscriptionPatch(state="active")),
    )
    print_status(f"{subscription}: active")


@app.command("rotate-secret")
def rotate_secret(
    subscription: _SubscriptionArgument, as_json: AsJson = False, config: ConfigFile = None
) -> None:
    """Rotate the signing secret; the old secret stays valid for 24 hours."""
    rotated = run_with_subscriptions(config, lambda service, _: service.rotate(subscription))
    _print_secret(rotated, as_json=as_json)


@app.command("test")
def send_test(
    subscription: _SubscriptionArgument,
    fault: Annotated[
        RequestFault,
        typer.Option(
            metavar="FAULT",
            help="Send an invalid request: signature or timestamp; the endpoint must reject it.",
        ),
    ] = "none",
    config: ConfigFile = None,
) -> None:
    """Send a signed test event.

    Exits 1 if the delivery fails.
    """
    attempt = run_with_subscriptions(
        config, lambda service, _: service.send_test(subscription, None, fault)
    )
    if attempt.error:
        print_status(attempt.error, colour="red")
        raise typer.Exit(1)
    print_result(
        f"delivered: status {attempt.status} from {attempt.ip_address} in {attempt.took_ms} ms"
    )


@app.command()
def recover(
    subscription: _SubscriptionArgument, since: Since = None, config: ConfigFile = None
) -> None:
    """Resend all live posts, or all events since a time."""
    count = run_with_subscriptions(
        config, lambda service, _: service.recover(subscription, None, since)
    )
    print_status(f"{count} deliveries queued")


@app.command()
def remove(subscription: _SubscriptionArgument, config: ConfigFile = None) -> None:
    """Remove a subscription and its deliveries."""
    run_with_subscriptions(config, lambda service, _: service.remove(subscription, None))
    print_status(f"{subscription}: removed")


def _patch(types: str | None, minor: bool | None, thin: bool | None) -> SubscriptionPatch:
    return SubscriptionPatch(
        types=None
        if types is None
        else parse_event_types([name.strip() for name in types.split(",")]),
        minor=minor,
        payload=None if thin is None else "thin" if thin else "full",
    )


def _headers(lines: list[str] | None) -> SubscriptionHeaders | None:
    """Parse header fields written as ``NAME:VALUE``; raises `UsageError`."""
    if not lines:
        return None
    parts = [line.partition(":") for line in lines]
    headers = {name.strip(): value.strip() for name, _, value in parts}
    if len(headers) < len(parts):
        raise typer.BadParameter("each header field may be given once")
    return parse_headers(headers)


def _with_selection(
    patch: SubscriptionPatch, query: str | None, edition: Callable[[], Edition]
) -> SubscriptionPatch:
    """Parse a feed query into the selection of the patch; an empty query selects all posts."""
    if query is None:
        return patch
    pairs = parse_qsl(query, keep_blank_values=True)
    selection = parse_query(pairs, edition()).selection if query else Selection()
    return replace(patch, selection=selection)


def _status_json(status: SubscriptionStatus) -> JsonObject:
    return {"owner": status.subscription.owner, **subscription_json(status)}


def _print_secret(subscription: Subscription, *, as_json: bool) -> None:
    secret = subscription.secrets[0].text
    if as_json:
        print_json({"id": subscription.id, "secret": secret})
    else:
        print_result(f"{subscription.id}  {secret}")
        print_status("Store the secret for the receiver now: the secret is not shown again.")
