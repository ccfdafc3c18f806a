"""`syndicate verify`: compare a copy of posts with the service that it was made from."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from syndicate.channels.api_reader import read_items
from syndicate.cli.options import AsJson, command_app
from syndicate.cli.output import print_json, print_result
from syndicate.errors import UsageError
from syndicate.model.copy_comparison import Difference, compare_copy

app = command_app()

_MAX_COPY_BYTES: Final = 500_000_000
_FORMS: Final = "Give a JSON feed, or an array of items as /v1/posts and webhooks have them."


@app.command()
def verify(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="A service, its /v1/posts with a query, or one of its JSON feeds."
        ),
    ],
    file: Annotated[
        str,
        typer.Argument(
            metavar="[FILE]",
            help="The copy: a JSON feed, or an array of its items; default: stdin.",
        ),
    ] = "-",
    as_json: AsJson = False,
) -> None:
    """Compare a copy of posts with those of a service.

    Needs no settings. Exits 1 if they differ.
    """
    copy = _read_copy(file)
    served = read_items(url)
    differences = compare_copy(copy, served)
    if as_json:
        print_json({"posts": len(served), "differences": [asdict(each) for each in differences]})
    else:
        _print(differences, len(served))
    if differences:
        raise typer.Exit(1)


def _print(differences: list[Difference], posts: int) -> None:
    for each in differences:
        members = f"  ({', '.join(each.members)})" if each.members else ""
        print_result(f"{each.kind:15}  {each.url or each.id}{members}")
    count = f"{posts} post{'' if posts == 1 else 's'}"
    if differences:
        print_result(f"{len(differences)} of {count} differ", colour="red")
    else:
        print_result(f"The copy equals the service: {count}", colour="green")


def _read_copy(file: str) -> list[dict[str, Any]]:
    if file == "-":
        return read_copy(sys.stdin.buffer, file)
    try:
        with Path(file).open("rb") as opened:
            return read_copy(opened, file)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


def read_copy(
    stream: BinaryIO, name: str, *, max_bytes: int = _MAX_COPY_BYTES
) -> list[dict[str, Any]]:
    """Return the items of the copy in ``stream``, which messages call ``name``.

    Raises `UsageError` if there are none, or if the copy has more than ``max_bytes``.
    """
    data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise UsageError(
            f"{name} has more than {max_bytes:,} bytes",
            hint="Compare one feed, or /v1/posts with a query that selects fewer posts.",
        )
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not JSON: {error}", hint=_FORMS) from error
    items = document.get("items") if isinstance(document, dict) else document
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get("id"), str) for item in items
    ):
        raise UsageError(f"{name} has no items with an id", hint=_FORMS)
    return items
