"""Speaking to people and to programs that call a command."""

import json

import typer

from syndicate.errors import SettingsError, SyndicateError


def tell(error: SyndicateError) -> None:
    """Say on stderr what is wrong, what would be right and what to do."""
    typer.secho(f"Error: {error.what}", fg="red", err=True)
    if isinstance(error, SettingsError):
        for mistake in error.mistakes:
            typer.echo(f"  {mistake}", err=True)
    if error.known:
        typer.echo(f"Known are: {', '.join(error.known)}", err=True)
    if error.hint:
        typer.echo(error.hint, err=True)


def print_json(value: object) -> None:
    """Print ``value`` on stdout as JSON; paths, times and the like as text."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
