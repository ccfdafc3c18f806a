"""`syndicate tokens`: who may subscribe over the web."""

from datetime import datetime
from typing import Annotated, Literal

import typer

from syndicate.cli.options import AsJson, ConfigFile, Expires
from syndicate.cli.terminal import say, say_json, talk
from syndicate.model.event import rfc3339
from syndicate.model.token import Token

app = typer.Typer(name="tokens", help="Manage API tokens.", no_args_is_help=True)


@app.command()
def create(
    role: Annotated[
        Literal["admin", "partner"],
        typer.Option(metavar="ROLE", help="admin: full access; partner: own subscriptions only."),
    ],
    name: Annotated[
        str,
        typer.Option(metavar="NAME", help="Owner of the token; subscriptions belong to this name."),
    ],
    expires: Expires = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Create a token and print it; it is shown only once."""
    from syndicate.cli.office import at_office

    token, text = at_office(
        config,
        lambda office, _: office.tokens.create(role, name, office.clock(), expires=expires),
    )
    if as_json:
        say_json({"id": token.id, "token": text})
    else:
        say(text)
        talk(f"Store {token.id} now like a password: the token is not shown again.")


@app.command("list")
def list_(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """List all tokens, including expired and revoked ones."""
    from syndicate.cli.office import at_office
    from syndicate.service.partners import Partners
    from syndicate.settings import Settings

    async def work(office: Partners, _: Settings) -> tuple[tuple[Token, ...], datetime]:
        return await office.tokens.list(), office.clock()

    tokens, now = at_office(config, work)
    if as_json:
        say_json([_shown(token, now) for token in tokens])
    for token in () if as_json else tokens:
        say(f"{token.id}  {token.role:7}  {token.state(now):7}  {token.name}")


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="Token ID, as shown by `tokens list`.")],
    config: ConfigFile = None,
) -> None:
    """Revoke a token; subscriptions made with it stay active."""
    from syndicate.cli.office import at_office

    revoked = at_office(config, lambda office, _: office.tokens.revoke(token, office.clock()))
    talk(f"{revoked.id} ({revoked.name}): revoked")


def _shown(token: Token, now: datetime) -> dict[str, object]:
    return {
        "id": token.id,
        "role": token.role,
        "name": token.name,
        "state": token.state(now),
        "made": rfc3339(token.made),
        "expires": token.expires and rfc3339(token.expires),
        "revoked": token.revoked and rfc3339(token.revoked),
    }
