"""`syndicate subscriptions`: who hears of what, and how well that goes."""

import pathlib
from typing import Annotated
from urllib.parse import parse_qsl

import typer

from syndicate.cli.options import AsJson, ConfigFile, Since
from syndicate.cli.terminal import say, say_json, talk
from syndicate.errors import UsageError
from syndicate.model.query import parse_query
from syndicate.model.selection import Selection
from syndicate.model.subscription import (
    EVENT_TYPES,
    EventType,
    Subscription,
    SubscriptionId,
    pause,
    resume,
)

app = typer.Typer(
    name="subscriptions", help="Look after who is told of posts.", no_args_is_help=True
)

_Which = Annotated[
    str, typer.Argument(metavar="SUBSCRIPTION", help="Its id, as `subscriptions list` shows it.")
]


@app.command()
def add(  # noqa: PLR0913, PLR0917 — every wish is an option
    url: Annotated[str, typer.Argument(help="Where to send.")],
    select: Annotated[
        str,
        typer.Option(
            metavar="QUERY",
            help="Only these posts, as feeds are asked: 'category=tts&carousel=true'.",
        ),
    ] = "",
    types: Annotated[
        str, typer.Option(metavar="TYPES", help="Only these events, with commas between them.")
    ] = ",".join(EVENT_TYPES),
    minor: Annotated[bool, typer.Option(help="Tell of minor updates, too.")] = True,
    thin: Annotated[bool, typer.Option("--thin", help="Only say which post it is about.")] = False,
    owner: Annotated[
        str, typer.Option(metavar="NAME", help="Whose it is: the name on a token.")
    ] = "",
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Subscribe an endpoint, and print the secret that what is sent is signed with."""
    from syndicate.cli.office import at_office

    wish = Subscription(
        id=SubscriptionId(""),
        owner=owner,
        url=url,
        selection=_selection(config, select),
        types=_types(types),
        minor=minor,
        payload="thin" if thin else "full",
    )
    _tell_secret(at_office(config, lambda office, _: office.subscribe(wish)), as_json=as_json)


@app.command("list")
def list_(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """List every subscription, the oldest first."""
    from syndicate.cli.office import at_office

    found = at_office(config, lambda office, _: office.subscriptions.list())
    if as_json:
        say_json([_shown(one) for one in found])
    for one in () if as_json else found:
        say(f"{one.id}  {one.state:9}  {one.url}")


@app.command()
def show(subscription: _Which, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Show a subscription, what waits for it, and its last attempt."""
    from syndicate.cli.office import at_office
    from syndicate.service.partners import Partners
    from syndicate.settings import Settings

    async def work(office: Partners, _: Settings) -> dict[str, object]:
        found = await office.subscriptions.find(subscription)
        last = await office.journal.last_attempt(found.id)
        pending = await office.journal.pending([found.id])
        return {
            **_shown(found),
            "pending": pending.get(found.id, 0),
            "last_attempt": last and {"started": last.started, "status": last.status},
        }

    shown = at_office(config, work)
    if as_json:
        say_json(shown)
    for name, value in () if as_json else shown.items():
        say(f"{name:14}{value}")


@app.command("pause")
def pause_(subscription: _Which, config: ConfigFile = None) -> None:
    """Let deliveries wait."""
    from syndicate.cli.office import at_office

    at_office(config, lambda office, _: office.subscriptions.change(subscription, pause))
    talk(f"{subscription} is paused: what there is to tell it waits.")


@app.command("resume")
def resume_(subscription: _Which, config: ConfigFile = None) -> None:
    """Send again, as if nothing had ever failed."""
    from syndicate.cli.office import at_office

    at_office(config, lambda office, _: office.subscriptions.change(subscription, resume))
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
def recover(subscription: _Which, since: Since, config: ConfigFile = None) -> None:
    """Send again what was told since a time, in order."""
    from syndicate.cli.office import at_office

    again = at_office(
        config,
        lambda office, _: office.journal.recover(
            SubscriptionId(subscription), since, office.clock()
        ),
    )
    talk(f"{again} deliveries are sent again.")


@app.command()
def remove(subscription: _Which, config: ConfigFile = None) -> None:
    """Forget a subscription and all that was on its way to it."""
    from syndicate.cli.office import at_office

    at_office(config, lambda office, _: office.subscriptions.remove(subscription))
    talk(f"{subscription} is removed.")


def _selection(config: pathlib.Path | None, query: str) -> Selection:
    """Read a query as that of a feed; what it names must be known."""
    if not query:
        return Selection()
    from syndicate.cli.still import still

    with still(config, rev="", at=None) as reader:
        pairs = parse_qsl(query, keep_blank_values=True)
        return parse_query(pairs, reader.edition).selection


def _types(text: str) -> tuple[EventType, ...]:
    asked = text.split(",")
    if not set(asked) <= set(EVENT_TYPES):
        raise UsageError(f"types cannot be {text!r}", code="unknown-type", known=EVENT_TYPES)
    return tuple(kind for kind in EVENT_TYPES if kind in asked)


def _shown(subscription: Subscription) -> dict[str, object]:
    selection = subscription.selection
    return {
        "id": subscription.id,
        "owner": subscription.owner,
        "url": subscription.url,
        "categories": sorted(sorted(group) for group in selection.categories),
        "carousel": selection.carousel,
        "sources": sorted(selection.sources or ()),
        "languages": sorted(selection.languages or ()),
        "types": subscription.types,
        "minor": subscription.minor,
        "payload": subscription.payload,
        "state": subscription.state,
        "state_reason": subscription.state_reason,
    }


def _tell_secret(subscription: Subscription, *, as_json: bool) -> None:
    secret = subscription.secrets[0].text
    if as_json:
        say_json({"id": subscription.id, "secret": secret})
    else:
        say(f"{subscription.id}  {secret}")
        talk("This is the only time that the secret is shown: the receiver verifies with it.")
