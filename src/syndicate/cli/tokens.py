"""`syndicate tokens`: manage access tokens of the API and the portal."""

from datetime import datetime
from typing import Annotated

import typer

from syndicate.cli.database_session import run_with_subscriptions
from syndicate.cli.options import AsJson, ConfigFile, Expires, command_group
from syndicate.cli.output import print_json, print_result, print_status
from syndicate.model.access_token import AccessToken, NewToken, Role
from syndicate.model.event import rfc3339
from syndicate.service.subscription_service import SubscriptionService
from syndicate.settings import Settings

app = command_group("Manage access tokens.")


_Contact = Annotated[
    str,
    typer.Option(
        metavar="CONTACT",
        help="Email address or https URL that is notified when an endpoint of the owner fails.",
    ),
]


@app.command()
def create(  # noqa: PLR0913, PLR0917 — one for each option
    role: Annotated[
        Role,
        typer.Option(
            metavar="ROLE",
            help="admin: full access; editor: explanations, checks and previews; "
            "partner: own subscriptions only.",
        ),
    ],
    name: Annotated[
        str,
        typer.Option(metavar="NAME", help="Owner of the token; subscriptions belong to this name."),
    ],
    contact: _Contact = "",
    expires: Expires = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Create a token that cannot change anything.")
    ] = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Create a token and print it; it is shown only once."""
    new = NewToken(role=role, name=name, expires=expires, contact=contact, read_only=read_only)
    token, text = run_with_subscriptions(
        config,
        lambda service, _: service.access.tokens.create(new, service.clock(), service.actor),
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
        return await service.access.tokens.list(), service.clock()

    tokens, now = run_with_subscriptions(config, work)
    if as_json:
        print_json([_token_json(token, now) for token in tokens])
    for token in () if as_json else tokens:
        used = f"last used {token.last_used:%Y-%m-%d}" if token.last_used else "never used"
        rights = "  read-only" if token.read_only else ""
        print_result(
            f"{token.id}  {token.role:7}  {token.state(now):7}  {token.name}  {used}{rights}"
        )


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="Token ID, as shown by `tokens list`.")],
    config: ConfigFile = None,
) -> None:
    """Revoke a token; subscriptions made with it stay active."""
    revoked = run_with_subscriptions(
        config,
        lambda service, _: service.access.tokens.revoke(token, service.clock(), service.actor),
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
        "contact": token.contact,
        "read_only": token.read_only,
        "last_used": token.last_used and rfc3339(token.last_used),
    }
