"""`syndicate tokens`: manage API tokens."""

from datetime import datetime
from typing import Annotated, Literal

import typer

from syndicate.cli.database_session import run_with_subscriptions
from syndicate.cli.options import AsJson, ConfigFile, Expires, command_group
from syndicate.cli.output import print_json, print_result, print_status
from syndicate.model.access_token import AccessToken
from syndicate.model.event import rfc3339
from syndicate.service.subscription_service import SubscriptionService
from syndicate.settings import Settings

app = command_group("Manage API tokens.")


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
    token, text = run_with_subscriptions(
        config,
        lambda service, _: service.tokens.create(role, name, service.clock(), expires=expires),
    )
    if as_json:
        print_json({"id": token.id, "token": text})
    else:
        print_result(text)
        print_status(f"Store {token.id} now like a password: the token is not shown again.")


@app.command("list")
def list_(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """List all tokens, including expired and revoked ones."""

    async def work(
        service: SubscriptionService, _: Settings
    ) -> tuple[tuple[AccessToken, ...], datetime]:
        return await service.tokens.list(), service.clock()

    tokens, now = run_with_subscriptions(config, work)
    if as_json:
        print_json([_token_json(token, now) for token in tokens])
    for token in () if as_json else tokens:
        print_result(f"{token.id}  {token.role:7}  {token.state(now):7}  {token.name}")


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="Token ID, as shown by `tokens list`.")],
    config: ConfigFile = None,
) -> None:
    """Revoke a token; subscriptions made with it stay active."""
    revoked = run_with_subscriptions(
        config, lambda service, _: service.tokens.revoke(token, service.clock())
    )
    print_status(f"{revoked.id} ({revoked.name}): revoked")


def _token_json(token: AccessToken, now: datetime) -> dict[str, object]:
    return {
        "id": token.id,
        "role": token.role,
        "name": token.name,
        "state": token.state(now),
        "made": rfc3339(token.created),
        "expires": token.expires and rfc3339(token.expires),
        "revoked": token.revoked and rfc3339(token.revoked),
    }
