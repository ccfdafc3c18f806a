"""`syndicate init`: write a settings file with values detected in a repository."""

import os
import pathlib
import re
import sys
from collections.abc import Iterator
from typing import Annotated, Final

import typer

from syndicate.cli.init.config_template import (
    NewSource,
    service_text,
    settings_text,
    source_names,
    source_text,
)
from syndicate.cli.init.published_feeds import PublishedFeed
from syndicate.cli.init.repository_scan import Scan, scan_repository
from syndicate.cli.init.site_detection import DetectedSite
from syndicate.cli.options import command_app
from syndicate.cli.output import print_status
from syndicate.cli.progress import progress
from syndicate.errors import SettingsError, SyndicateError, UsageError
from syndicate.model.post import Source
from syndicate.settings import load

app = command_app()

_MAX_SHOWN: Final = 10
"""Posts of each site that are shown with their URLs."""


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
    _check_settings_file(out, add=add)
    with progress():
        found = scan_repository(repository, out.absolute().parent / "var" / "mirrors")
    if not found.sites and not (found.pages and found.pages.folders):
        raise SyndicateError(
            f"{repository} has no folder with dated posts",
            hint="Give each post a title and a date, in its front matter or file name.",
            code="no-posts",
        )
    previous = out.read_text() if out.exists() else None
    text = _settings_text(found, repository, out, is_first=not previous)
    _write(out, previous, f"{previous}\n{text}" if previous else text)
    _report(out, found)


def _check_settings_file(out: pathlib.Path, *, add: bool) -> None:
    """Raise `UsageError` if ``out`` is a folder, or a file to which no source is to be added."""
    if out.is_dir():
        raise UsageError(
            f"{out} is a folder",
            hint="Name the settings file with --out, such as --out syndicate.toml.",
        )
    if out.exists() and not add:
        raise UsageError(
            f"{out} already exists",
            hint="Add a source with --add, or choose another file with --out.",
        )


def _settings_text(found: Scan, repository: str, out: pathlib.Path, *, is_first: bool) -> str:
    """Return the settings for what was found: a whole file, or without ``is_first`` its sources."""
    name, location = _source_name(repository), _repository_setting(repository, out)
    if found.pages is not None:
        text = settings_text(found.pages, name=name, repository=location, ref=found.ref)
        return text if is_first else text[text.index("[[sources]]") :]
    sources = (
        source_text(
            NewSource(
                name=each,
                repository=location,
                ref=found.ref,
                site_url="" if detected.id_authority else _ask_site_url(detected),
            ),
            detected,
        )
        for each, detected in zip(source_names(name, found.sites), found.sites, strict=True)
    )
    head = service_text(found.sites[0].site.title.value or name) if is_first else ""
    return head + "\n".join(sources)


def _ask_site_url(detected: DetectedSite) -> str:
    """Ask on a terminal where a site is; return nothing where there is none to ask on."""
    if not sys.stdin.isatty():
        return ""
    where = f" in {detected.site.root}" if detected.site.root else ""
    question = f"URL of the site{where} that publishes the posts"
    return str(typer.prompt(question, default="", err=True)).strip()


def _report(out: pathlib.Path, found: Scan) -> None:
    """Print what was written, ten posts of each site with their URLs, and what was left out."""
    if found.pages is not None:
        folders = ", ".join(found.pages.folders)
        print_status(f"{out} written: folders {folders}, dialect {found.pages.dialect}")
        for left_out in found.pages.left_out:
            print_status(f"  not taken: {left_out} (too few dated pages, or drafts)")
    sources = load(out, {}).sources[-max(1, len(found.sites)) :]
    for detected, source in zip(found.sites, sources, strict=False):
        _report_site(out, detected, source)
    for source in sources:
        if not source.id_authority:
            print_status(
                f"Set site_url in this file (source {source.name}): the repository does not state"
                " the URL of the site, and nothing is served without it.",
                colour="yellow",
            )
    print_status(f"Next step: syndicate doctor --config {out}")


def _report_site(out: pathlib.Path, detected: DetectedSite, source: Source) -> None:
    """Print what the source of one site is made of."""
    site = detected.site
    print_status(
        f"{out} written: source {source.name}, {len(detected.posts)} posts of a site made with"
        f" {site.engine}"
    )
    for post in detected.posts[:_MAX_SHOWN]:
        url = post.url if detected.id_authority else source.site_url + post.url
        print_status(f"  {post.path} -> {url}")
    for left in site.left_out:
        print_status(f"  not taken: {left.path} ({left.reason})")
    if detected.feed:
        for line in _feed_lines(detected.feed):
            print_status(f"  {line}")


def _feed_lines(feed: PublishedFeed) -> Iterator[str]:
    """Yield how the feed that the site has now compares with what was found."""
    if feed.entries:
        yield f"compared with {feed.name}: {feed.matched} of {feed.entries} entries have a post"
    for url in feed.unmatched:
        yield f"no post has the URL of an entry: {url}"
    if feed.ids:
        yield (
            f"readers of {feed.name} know posts by other IDs: to take over that feed, set"
            f' ids = "{feed.ids}"'
        )
    elif feed.matched:
        yield f"the IDs in {feed.name} follow no known rule: to keep one, set guid in its post"


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


def _write(out: pathlib.Path, previous: str | None, text: str) -> None:
    """Write ``text``; restore the ``previous`` text, None without a file, if loading fails."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("x" if previous is None else "w") as file:
            file.write(text)
        load(out, {})
    except SettingsError:
        out.unlink() if previous is None else out.write_text(previous)
        raise
    except OSError as error:
        raise SyndicateError(
            f"cannot write {out}: {error.strerror}",
            code="cannot-write",
            hint="Choose another file with --out.",
        ) from error
