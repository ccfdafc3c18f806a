"""`syndicate subscriptions`: who hears of what, and how well that goes."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated
from urllib.parse import parse_qsl

import typer

from syndicate.cli.options import AsJson, ConfigFile, Since
from syndicate.cli.terminal import say, say_json, talk
from syndicate.model.edition import Edition
from syndicate.model.query import parse_query
from syndicate.model.selection import Selection
from syndicate.model.statement import Standing, Statement
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.wish import Wish, read_types

app = typer.Typer(name="subscriptions", help="Manage webhook subscriptions.", no_args_is_help=True)

_Which = Annotated[
    str,
    typer.Argument(
        metavar="SUBSCRIPTION", help="Subscription ID, as shown by `subscriptions list`."
    ),
]
_Select = Annotated[
    str | None,
    typer.Option(
        metavar="QUERY",
        help="Only posts that match this feed query: 'category=tts&carousel=true'.",
    ),
]
_Types = Annotated[
    str | None,
    typer.Option(metavar="TYPES", help="Only these event types, separated by commas."),
]
_Minor = Annotated[bool | None, typer.Option(help="Also send minor updates.")]
_Thin = Annotated[
    bool | None, typer.Option("--thin/--full", help="Send only the ID, URL and title of the post.")
]


@app.command()
def add(  # noqa: PLR0913, PLR0917 — every wish is an option
    url: Annotated[str, typer.Argument(help="Where to send.")],
    select: _Select = None,
    types: _Types = None,
    minor: _Minor = None,
    thin: _Thin = None,
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
    from syndicate.cli.office import at_office
    from syndicate.service.partners import Partners
    from syndicate.settings import Settings

    wish = replace(_wish(types, minor, thin), url=url, backfill=backfill)
    blank = Subscription(id=SubscriptionId(""), owner=owner, url=url)

    async def work(office: Partners, _: Settings) -> Subscription:
        whole = _selected(wish, select, lambda: office.shelf.edition)
        return await office.subscribe(whole.applied(blank))

    _tell_secret(at_office(config, work), as_json=as_json)


@app.command()
def edit(  # noqa: PLR0913, PLR0917 — every wish is an option
    subscription: _Which,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Where to send.")] = None,
    select: _Select = None,
    types: _Types = None,
    minor: _Minor = None,
    thin: _Thin = None,
    config: ConfigFile = None,
) -> None:
    """Edit a subscription.

    A changed selection sends events: posts that leave it as removed, new posts as published.
    """
    from syndicate.cli.office import at_office
    from syndicate.service.partners import Partners
    from syndicate.settings import Settings

    wish = replace(_wish(types, minor, thin), url=url)

    async def work(office: Partners, _: Settings) -> None:
        whole = _selected(wish, select, lambda: office.shelf.edition)
        await office.amend(subscription, None, whole)

    at_office(config, work)
    talk(f"{subscription}: updated")


@app.command("list")
def list_(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """List all subscriptions, oldest first."""
    from syndicate.cli.office import at_office
    from syndicate.service.partners import Partners
    from syndicate.settings import Settings

    async def work(office: Partners, _: Settings) -> list[Standing]:
        found = await office.subscriptions.list()
        return [await office.standing(one.id, None) for one in found]

    found = at_office(config, work)
    if as_json:
        say_json([_owned(one) for one in found])
    for one in () if as_json else (standing.subscription for standing in found):
        say(f"{one.id}  {one.state:9}  {one.url}{f'  ({one.trouble})' if one.trouble else ''}")


@app.command()
def show(subscription: _Which, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Show a subscription, its pending deliveries and its last attempt."""
    from syndicate.cli.office import at_office

    shown = _owned(at_office(config, lambda office, _: office.standing(subscription, None)))
    if as_json:
        say_json(shown)
    for name, value in () if as_json else shown.items():
        say(f"{name:14}{value if isinstance(value, str) else json.dumps(value)}")


@app.command()
def pause(subscription: _Which, config: ConfigFile = None) -> None:
    """Pause a subscription; its deliveries are queued."""
    from syndicate.cli.office import at_office

    at_office(config, lambda office, _: office.amend(subscription, None, Wish(state="paused")))
    talk(f"{subscription}: paused; events are queued")


@app.command()
def resume(subscription: _Which, config: ConfigFile = None) -> None:
    """Resume a subscription and reset its failures."""
    from syndicate.cli.office import at_office

    at_office(config, lambda office, _: office.amend(subscription, None, Wish(state="active")))
    talk(f"{subscription}: active")


@app.command("rotate-secret")
def rotate_secret(subscription: _Which, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Rotate the signing secret; the old secret stays valid for 24 hours."""
    from syndicate.cli.office import at_office

    rotated = at_office(config, lambda office, _: office.rotate(subscription))
    _tell_secret(rotated, as_json=as_json)


@app.command("test")
def try_out(subscription: _Which, config: ConfigFile = None) -> None:
    """Send a signed test event.

    Exits 1 if the delivery fails.
    """
    from syndicate.cli.office import at_office

    attempt = at_office(config, lambda office, _: office.trial(subscription))
    if attempt.error:
        talk(attempt.error, colour="red")
        raise typer.Exit(1)
    say(f"delivered: status {attempt.status} from {attempt.address} in {attempt.took_ms} ms")


@app.command()
def recover(subscription: _Which, since: Since = None, config: ConfigFile = None) -> None:
    """Resend all live posts, or all events since a time."""
    from syndicate.cli.office import at_office

    told = at_office(config, lambda office, _: office.recover(subscription, None, since))
    talk(f"{told} deliveries queued")


@app.command()
def remove(subscription: _Which, config: ConfigFile = None) -> None:
    """Remove a subscription and its deliveries."""
    from syndicate.cli.office import at_office

    at_office(config, lambda office, _: office.remove(subscription, None))
    talk(f"{subscription}: removed")


def _wish(types: str | None, minor: bool | None, thin: bool | None) -> Wish:
    return Wish(
        types=None if types is None else read_types([one.strip() for one in types.split(",")]),
        minor=minor,
        payload=None if thin is None else "thin" if thin else "full",
    )


def _selected(wish: Wish, query: str | None, edition: Callable[[], Edition]) -> Wish:
    """Read a query as that of a feed; what it names must be known. An empty one is everything."""
    if query is None:
        return wish
    pairs = parse_qsl(query, keep_blank_values=True)
    selection = parse_query(pairs, edition()).selection if query else Selection()
    return replace(wish, selection=selection)


def _owned(standing: Standing) -> Statement:
    return {"owner": standing.subscription.owner, **standing.statement}


def _tell_secret(subscription: Subscription, *, as_json: bool) -> None:
    secret = subscription.secrets[0].text
    if as_json:
        say_json({"id": subscription.id, "secret": secret})
    else:
        say(f"{subscription.id}  {secret}")
        talk("Store the secret for the receiver now: the secret is not shown again.")
