"""`syndicate init`: write a settings file with values detected in a repository."""

import os
import pathlib
import re
from typing import Annotated

import typer

from syndicate.cli.init.config_template import settings_text
from syndicate.cli.init.repository_scan import scan_repository
from syndicate.cli.options import command_app
from syndicate.cli.output import print_status
from syndicate.errors import SyndicateError, UsageError
from syndicate.settings import load

app = command_app()


@app.command()
def init(
    repository: Annotated[
        str,
        typer.Argument(
            metavar="REPO", help="Path of a repository (bare or not), or an https or ssh URL."
        ),
    ],
    out: Annotated[
        pathlib.Path, typer.Option(metavar="FILE", help="Settings file to write.")
    ] = pathlib.Path("syndicate.toml"),
) -> None:
    """Write a settings file for a repository.

    Comments state the origin of each detected value. Never overwrites an existing file.
    """
    if out.exists():
        raise UsageError(f"{out} already exists", hint="Choose another file with --out.")
    ref, found = scan_repository(repository, out.absolute().parent / "var" / "mirrors")
    if not found.folders:
        raise SyndicateError(
            f"{repository} has no folder with dated posts",
            hint="Give each post a title and a date, in its front matter or file name.",
            code="no-posts",
        )
    name = _source_name(repository)
    text = settings_text(found, name=name, repository=_repository_setting(repository, out), ref=ref)
    _write(out, text)
    load(out, {})
    print_status(f"{out} written: folders {', '.join(found.folders)}, dialect {found.dialect}")
    if not found.site_url:
        print_status(
            "Set site_url in this file: the repository does not state the URL of the site.",
            colour="yellow",
        )
    print_status(f"Next step: syndicate doctor --config {out}")


def _source_name(repository: str) -> str:
    """Return the name of the source: the last part of the repository's path or URL."""
    folder = str(pathlib.Path(repository).resolve()) if repository.strip("./") == "" else repository
    last = re.split(r"[/:]", folder.rstrip("/").removesuffix(".git"))[-1]
    return re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-") or "posts"


def _repository_setting(repository: str, out: pathlib.Path) -> str:
    """Return the repository for the settings: paths are relative to the settings file."""
    if re.match(r"[^/]+:", repository) or pathlib.Path(repository).expanduser().is_absolute():
        return str(pathlib.Path(repository).expanduser()) if repository[:1] == "~" else repository
    return os.path.relpath(repository, out.absolute().parent)


def _write(out: pathlib.Path, text: str) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("x") as file:
            file.write(text)
    except OSError as error:
        raise SyndicateError(
            f"cannot write {out}: {error.strerror}",
            code="cannot-write",
            hint="Choose another file with --out.",
        ) from error
