"""`syndicate doctor`: check settings, git, sources and database, and say how to fix what fails."""

import asyncio
import os
import pathlib
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from tempfile import TemporaryFile
from typing import Final, Literal
from urllib.parse import urlsplit

import typer

from syndicate import git
from syndicate.cli.check import summarize
from syndicate.cli.options import AsJson, ConfigFile, command_app
from syndicate.cli.output import print_json, print_result
from syndicate.content.site_source import DEFAULT_ORIGIN
from syndicate.errors import SyndicateError
from syndicate.model.edition import Edition, NamedFeed, SourceSnapshot
from syndicate.model.post import Source
from syndicate.model.selection import Selection
from syndicate.private_files import make_folder
from syndicate.service.content_service import ContentService
from syndicate.settings import Settings, load
from syndicate.storage.database import Database

app = command_app()


_COLOURS: Final = {"ok": "green", "warning": "yellow", "error": "red"}


@app.command()
def doctor(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Diagnose settings, git, sources and database.

    Exits 1 if an error prevents the service from working.
    """
    found = list(run_checks(config))
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            print_result(f"{finding.level:7}  {finding.what}", colour=_COLOURS[finding.level])
            if finding.hint:
                print_result(f"         {finding.hint}")
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(1)


_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of a check; ``hint`` says what to do, empty if nothing."""

    level: Literal["ok", "warning", "error"]
    what: str
    hint: str = ""


def run_checks(config: pathlib.Path | None) -> Iterator[Finding]:
    """Yield the result of each check; raises `SyndicateError` if the settings cannot be loaded."""
    settings = load(config, os.environ)
    yield Finding(level="ok", what=f"settings {settings.file}: valid")
    yield _check_git()
    yield _check_data_folder(settings)
    yield from _check_public_url(settings)
    with ContentService(settings) as content:
        snapshots = []
        for source in settings.sources:
            snapshot = yield from _check_source(content, source)
            snapshots += [snapshot] if snapshot else []
        yield from _check_feed_names(content.build_edition(snapshots))
    yield _check_database(settings)


def _error_finding(error: SyndicateError) -> Finding:
    known = f" Valid values: {', '.join(error.choices)}." if error.choices else ""
    return Finding(level="error", what=error.message, hint=error.hint + known)


def _check_git() -> Finding:
    try:
        return Finding(level="ok", what=f"git {git.git_version()}: available")
    except SyndicateError as error:
        return _error_finding(error)


def _check_data_folder(settings: Settings) -> Finding:
    try:
        make_folder(settings.data_folder)
        with TemporaryFile(dir=settings.data_folder):
            return Finding(level="ok", what=f"data folder {settings.data_folder}: writable")
    except OSError as error:
        return Finding(
            level="error",
            what=f"data folder {settings.data_folder} is not writable: {error.strerror}",
            hint="Grant write access to the user that runs the service, or change service.data.",
        )


def _check_database(settings: Settings) -> Finding:
    try:
        revision = asyncio.run(Database.check_at(settings.database_url))
    except SyndicateError as error:
        return _error_finding(error)
    if not revision:
        return Finding(level="ok", what="database: created when the service starts")
    return Finding(level="ok", what=f"database up to date: revision {revision}")


def _check_public_url(settings: Settings) -> Iterator[Finding]:
    public = urlsplit(settings.service_info.public_url)
    if public.hostname in _LOOPBACK:
        if settings.service.host not in _LOOPBACK:
            yield Finding(
                level="warning",
                what=f"feeds use the local URL {settings.service_info.public_url}",
                hint="Set service.public_url to the URL that readers use.",
            )
    elif public.scheme != "https":
        yield Finding(
            level="warning",
            what=f"service.public_url {settings.service_info.public_url} does not use TLS",
            hint="Run a reverse proxy with a TLS certificate in front, and set its https URL.",
        )


def _check_source(
    content: ContentService, source: Source
) -> Generator[Finding, None, SourceSnapshot | None]:
    """Check ``source`` and return its snapshot, if it can be read."""
    name = f"source {source.name}"
    try:
        index = content.index(source)
        index.repository.fetch()
        snapshot = index.snapshot(index.repository.head())
    except SyndicateError as error:
        yield _error_finding(error)
        return None
    posts = f"{len(snapshot.posts)} post{'' if len(snapshot.posts) == 1 else 's'}"
    at = f"{source.ref} is at {snapshot.committed:%Y-%m-%d %H:%M} UTC, {snapshot.commit[:12]}"
    yield Finding(level="ok", what=f"{name}: {at}, with {posts}")
    derived = [pair for pair in index.site_source.origins if pair[1] != DEFAULT_ORIGIN]
    if derived:
        values = ", ".join(f"{key} ({origin})" for key, origin in derived)
        yield Finding(level="ok", what=f"{name}: derived from the site: {values}")
    if index.repository.is_remote and not index.repository.is_partial:
        yield Finding(
            level="ok",
            what=f"{name}: the mirror holds every file of the history",
            hint="The host offers no partial clones (uploadpack.allowFilter, protocol version 2),"
            " or an earlier version made the mirror.",
        )
    if index.repository.is_shallow:
        yield Finding(
            level="warning",
            what=f"{name}: the clone is shallow; IDs and dates depend on its depth",
            hint=f"Fetch the complete history: git -C {source.repository} fetch --unshallow",
        )
    yield from _check_snapshot(name, snapshot)
    return snapshot


def _check_snapshot(name: str, snapshot: SourceSnapshot) -> Iterator[Finding]:
    """Yield the problems of the source called ``name`` and of its posts."""
    if snapshot.error:
        yield Finding(
            level="error",
            what=snapshot.error,
            hint="If the removal is intended, run: syndicate refresh --accept-removals",
        )
    for problem in snapshot.problems:
        if problem.rule.startswith("site-"):
            yield Finding(
                level="error" if problem.level == "error" else "warning",
                what=f"{name}: {problem.message}",
                hint=problem.hint,
            )
        if problem.rule == "no-posts":
            yield Finding(level="error", what=f"{name}: {problem.message}", hint=problem.hint)
    wrong = [
        problem
        for problem in snapshot.problems
        if problem.level != "notice" and not problem.rule.startswith(("no-posts", "site-"))
    ]
    if wrong:
        yield Finding(
            level="warning",
            what=f"{name}: problems in posts: {summarize(wrong)}",
            hint="List the problems with: syndicate check",
        )


def _check_feed_names(edition: Edition) -> Iterator[Finding]:
    for feed in edition.shadowed_feeds:
        first = edition.feed(feed.name)
        yield Finding(
            level="warning",
            what=f"/feeds/{feed.name} is {_describe_feed(first)}; "
            f"{_describe_feed(feed)} has no URL",
            hint="Rename one of the two, or use a query for the second.",
        )


def _describe_feed(feed: NamedFeed) -> str:
    if feed.selection == Selection.create(sources=[feed.name]):
        return f"the source {feed.title}"
    if feed.selection == Selection.create(categories=[feed.name]):
        return f"the category {feed.title}"
    return f"the feed {feed.title}"
