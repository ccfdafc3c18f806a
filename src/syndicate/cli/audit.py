"""`syndicate audit`: list and export the audit log."""

import json
from datetime import datetime
from typing import Annotated

import typer

from syndicate.cli.database_session import run_with_subscriptions
from syndicate.cli.options import AsJson, ConfigFile, command_group, parse_time
from syndicate.cli.output import print_json, print_result
from syndicate.model.audit import AUDIT_ACTIONS, AuditAction
from syndicate.model.event import rfc3339
from syndicate.service.subscription_service import SubscriptionService
from syndicate.settings import Settings

app = command_group("List and export the audit log.")


@app.command("list")
def list_(
    action: Annotated[
        AuditAction | None,
        typer.Option(metavar="ACTION", help=f"Only this action: {', '.join(AUDIT_ACTIONS)}."),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Maximum number of entries.")] = 50,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List the latest entries, newest first."""
    entries = run_with_subscriptions(
        config, lambda service, _: service.access.audit_log.latest(action=action, limit=limit)
    )
    if as_json:
        print_json([entry.to_json() for entry in entries])
    for entry in () if as_json else entries:
        detail = json.dumps(entry.detail, ensure_ascii=False) if entry.detail else ""
        cells = (rfc3339(entry.at), entry.action, entry.actor.name, entry.actor.address)
        print_result("  ".join(cell for cell in (*cells, entry.object_id, detail) if cell))


@app.command()
def export(
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since", metavar="TIME", parser=parse_time, help="Only entries since this time."
        ),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Print all entries as JSON lines, oldest first."""

    async def work(service: SubscriptionService, _: Settings) -> None:
        last_id = 0
        while page := await service.access.audit_log.page_after(last_id, since=since):
            for entry in page:
                typer.echo(json.dumps(entry.to_json()))
            last_id = page[-1].id

    run_with_subscriptions(config, work)
