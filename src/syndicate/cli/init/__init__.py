"""`syndicate init`: write a settings file with values detected in a repository."""

import os
import pathlib
import re
import sys
from dataclasses import replace
from typing import Annotated

import typer

from syndicate.cli.init.config_template import settings_text
from syndicate.cli.init.repository_scan import Scan, scan_repository
from syndicate.cli.init.site_template import NewSource, site_settings_text
from syndicate.cli.options import command_app
from syndicate.cli.output import print_status
from syndicate.errors import SettingsError, SyndicateError, UsageError
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
    add: Annotated[
        bool, typer.Option("--add", help="Add a source to an existing settings file.")
    ] = False,
) -> None:
    """Write a settings file for a repository.

    Most values are left to the site's own configuration; comments show what was found. Never
    overwrites an existing file.
    """
    if out.exists() and not add:
        raise UsageError(
            f"{out} already exists",
            hint="Add a source with --add, or choose another file with --out.",
        )
    found = scan_repository(repository, out.absolute().parent / "var" / "mirrors")
    if not found.sites and not (found.pages and found.pages.folders):
        raise SyndicateError(
            f"{repository} has no folder with dated posts",
            hint="Give each post a title and a date, in its front matter or file name.",
            code="no-posts",
        )
    source = NewSource(
        name=_source_name(repository),
        repository=_repository_setting(repository, out),
        ref=found.ref,
    )
    before = out.read_text() + "\n" if add and out.exists() else ""
    _write(out, before, before + _settings_text(found, source, is_first=not before))
    _report(out, found)


def _settings_text(found: Scan, source: NewSource, *, is_first: bool) -> str:
    """Return the settings for what was found: a whole file, or without ``is_first`` a source."""
    if found.pages is not None:
        text = settings_text(
            found.pages, name=source.name, repository=source.repository, ref=source.ref
        )
    else:
        first, *others = found.sites
        site_url = "" if first.id_authority else _ask_site_url()
        text = site_settings_text(replace(source, site_url=site_url), first, others)
    return text if is_first else text[text.index("[[sources]]") :]


def _ask_site_url() -> str:
    """Ask for the site's URL on a terminal; return an empty string without one."""
    if not sys.stdin.isatty():
        return ""
    return str(
        typer.prompt("URL of the site that publishes the posts", default="", err=True)
    ).strip()


def _report(out: pathlib.Path, found: Scan) -> None:
    """Print what was written and ten posts with their URLs, as far as they are known."""
    if found.pages is not None:
        folders = ", ".join(found.pages.folders)
        print_status(f"{out} written: folders {folders}, dialect {found.pages.dialect}")
    for detected in found.sites[:1]:
        site = detected.site
        print_status(f"{out} written: {detected.posts} posts of a site made with {site.engine}")
        for path, url in detected.shown:
            print_status(f"  {path} -> {url}")
        for left in site.left_out:
            print_status(f"  not taken: {left.path} ({left.reason})")
    if not load(out, {}).sources[-1].id_authority:
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


def _write(out: pathlib.Path, before: str, text: str) -> None:
    """Write ``text`` in place of ``before``; take it back where the loader refuses it."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("w" if before else "x") as file:
            file.write(text)
        load(out, {})
    except SettingsError:
        out.write_text(before) if before else out.unlink()
        raise
    except OSError as error:
        raise SyndicateError(
            f"cannot write {out}: {error.strerror}",
            code="cannot-write",
            hint="Choose another file with --out.",
        ) from error
