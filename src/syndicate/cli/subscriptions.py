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

app = typer.Typer(
    name="subscriptions", help="Look after who is told of posts.", no_args_is_help=True
)

_Which = Annotated[
    str, typer.Argument(metavar="SUBSCRIPTION", help="Its id, as `subscriptions list` shows it.")
]
_Select = Annotated[
    str | None,
    typer.Option(
        metavar="QUERY",
        help="Only these posts, as feeds are asked: 'category=tts&carousel=true'.",
    ),
]
_Types = Annotated[
    str | None,
    typer.Option(metavar="TYPES", help="Only these events, with commas between them."),
]
_Minor = Annotated[bool | None, typer.Option(help="Tell of minor updates, too.")]
_Thin = Annotated[
    bool | None, typer.Option("--thin/--full", help="Only say which post it is about.")
]


@app.command()
def add(  # noqa: PLR0913, PLR0917 — every wish is an option
    url: Annotated[str, typer.Argument(help="Where to send.")],
    select: _Select = None,
    types: _Types = None,
    minor: _Minor = None,
    thin: _Thin = None,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Tell everything live at the beginning.")
    ] = False,
    owner: Annotated[
        str, typer.Option(metavar="NAME", help="Whose it is: the name on a token.")
    ] = "",
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Subscribe an endpoint, and print the secret that what is sent is signed with."""
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
    """Change what a subscription wants.

    Another selection is told as events: what leaves as removed, what comes as published.
    """
    from syndicate.cli.office import at_office
    from syndicate.service.partners import Partners
    from syndicate.settings import Settings

    wish = replace(_wish(types, minor, thin), url=url)

    async def work(office: Partners, _: Settings) -> None:
        whole = _selected(wish, select, lambda: office.shelf.edition)
        await office.amend(subscription, None, whole)

    at_office(config, work)
    talk(f"{subscription} is changed.")


@app.command("list")
def list_(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """List every subscription, the oldest first."""
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
    """Show a subscription, what waits for it, and its last attempt."""
    from syndicate.cli.office import at_office

    shown = _owned(at_office(config, lambda office, _: office.standing(subscription, None)))
    if as_json:
        say_json(shown)
    for name, value in () if as_json else shown.items():
        say(f"{name:14}{value if isinstance(value, str) else json.dumps(value)}")


@app.command()
def pause(subscription: _Which, config: ConfigFile = None) -> None:
    """Let deliveries wait."""
    from syndicate.cli.office import at_office

    at_office(config, lambda office, _: office.amend(subscription, None, Wish(state="paused")))
    talk(f"{subscription} is paused: what there is to tell it waits.")


@app.command()
def resume(subscription: _Which, config: ConfigFile = None) -> None:
    """Send again, as if nothing had ever failed."""
    from syndicate.cli.office import at_office

    at_office(config, lambda office, _: office.amend(subscription, None, Wish(state="active")))
    talk(f"{subscription} is active.")


@app.command("rotate-secret")
def rotate_secret(subscription: _Which, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Make a new secret and print it; the old one signs as well for a day."""
    from syndicate.cli.office import at_office

    rotated = at_office(config, lambda office, _: office.rotate(subscription))
    _tell_secret(rotated, as_json=as_json)


@app.command("test")
def try_out(subscription: _Which, config: ConfigFile = None) -> None:
    """Send a signed test at once.

    Exits 1 if it does not arrive.
    """
    from syndicate.cli.office import at_office

    attempt = at_office(config, lambda office, _: office.trial(subscription))
    if attempt.error:
        talk(attempt.error, colour="red")
        raise typer.Exit(1)
    say(f"delivered: status {attempt.status} from {attempt.address} in {attempt.took_ms} ms")


@app.command()
def recover(subscription: _Which, since: Since = None, config: ConfigFile = None) -> None:
    """Tell everything live, or all that changed since a time."""
    from syndicate.cli.office import at_office

    told = at_office(config, lambda office, _: office.recover(subscription, None, since))
    talk(f"{told} deliveries are on their way.")


@app.command()
def remove(subscription: _Which, config: ConfigFile = None) -> None:
    """Forget a subscription and all that was on its way to it."""
    from syndicate.cli.office import at_office

    at_office(config, lambda office, _: office.remove(subscription, None))
    talk(f"{subscription} is removed.")


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
        talk("This is the only time that the secret is shown: the receiver verifies with it.")
