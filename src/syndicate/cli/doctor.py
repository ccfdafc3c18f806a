"""`syndicate doctor`: check settings, git, sources and database, and say how to fix what fails."""

import asyncio
import json
import os
import pathlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Annotated, Final

import typer

from syndicate import git
from syndicate.cli.backup_drill import run_drill
from syndicate.cli.check import summarize
from syndicate.cli.config import derived_settings
from syndicate.cli.options import AsJson, ConfigFile, command_app
from syndicate.cli.output import print_json, print_result
from syndicate.cli.progress import progress
from syndicate.cli.settings_checks import (
    Finding,
    check_feed_categories,
    check_renamed_sources,
    check_settings,
    similar_folders,
)
from syndicate.content.site_source import DEFAULT_ORIGIN, SiteSource, engine_of, markdown_origin
from syndicate.content.source_index import SourceIndex
from syndicate.errors import SyndicateError
from syndicate.model.edition import Edition, NamedFeed, Problem, SourceSnapshot
from syndicate.model.post import MARKDOWN_EXTENSIONS, Path, Source
from syndicate.model.selection import Selection
from syndicate.private_files import StateFile, make_folder
from syndicate.service.content_service import ContentService
from syndicate.service.secret_keys import make_secret_store
from syndicate.settings import Settings, load
from syndicate.storage.database import Database
from syndicate.storage.delivery_hold import DeliveryHold
from syndicate.storage.known_database import FILE_NAME, LOST_HINT, KnownDatabase
from syndicate.storage.ledger import Ledger
from syndicate.storage.secret_keys import check_key, count_unreadable

app = command_app()


_REPORTED_RULES: Final = ("no-posts", "site-", "changes-held")
"""Beginnings of rules whose problems are findings of their own."""

_SITE_SETTINGS: Final = (
    *("dialect", "folders", "id_authority", "language"),
    *("permalink", "permalinks", "site_url", "timezone"),
)
"""Settings of a source that its site decides where the operator leaves them out."""

_COLOURS: Final = {"ok": "green", "warning": "yellow", "error": "red"}


@app.command()
def doctor(
    drill: Annotated[
        bool, typer.Option("--drill", help="Also restore the newest backup, and check the result.")
    ] = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Diagnose settings, git, sources and database.

    Exits 1 if an error prevents the service from working.
    """
    with progress():
        found = list(run_checks(config))
        if drill:
            found += run_drill(load(config, os.environ))
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            print_result(f"{finding.level:7}  {finding.what}", colour=_COLOURS[finding.level])
            if finding.hint:
                print_result(f"         {finding.hint}")
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(1)


def run_checks(config: pathlib.Path | None) -> Iterator[Finding]:
    """Yield the result of each check; raises `SyndicateError` if the settings cannot be loaded."""
    settings = load(config, os.environ)
    yield Finding(level="ok", what=f"settings {settings.file}: valid")
    yield _check_git()
    yield _check_data_folder(settings)
    yield from check_settings(settings, datetime.now(UTC).date())
    with ContentService(settings) as content:
        snapshots = []
        for source in settings.sources:
            snapshot = yield from _check_source(content, source)
            snapshots += [snapshot] if snapshot else []
        edition = content.build_edition(snapshots)
        yield from _check_feed_names(edition)
        yield from check_feed_categories(settings, edition)
    yield from _check_database(settings)


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


def _check_database(settings: Settings) -> Iterator[Finding]:
    try:
        revision = asyncio.run(Database.check_at(settings.database_url))
        stored = asyncio.run(_read_database(settings)) if revision else _StoredState()
    except SyndicateError as error:
        yield _error_finding(error)
        return
    if not revision:
        yield Finding(level="ok", what="database: created when the service starts")
        return
    yield Finding(level="ok", what=f"database up to date: revision {revision}")
    if stored.is_lost:
        what = "the database is a new one; the one before had tokens or subscriptions"
        yield Finding(level="error", what=what, hint=LOST_HINT)
    if stored.held_since:
        yield Finding(
            level="warning",
            what=f"all deliveries are held since {stored.held_since:%Y-%m-%d %H:%M} UTC",
            hint="Send to subscribers again with: syndicate deliveries release",
        )
    yield from check_renamed_sources(settings.sources, stored.posts)
    if stored.unreadable_secrets:
        yield Finding(
            level="warning",
            what="subscriptions with a secret or header fields that neither secret_key nor"
            f" previous_secret_keys decrypts: {stored.unreadable_secrets}",
            hint="Set the lost key back, or type: syndicate subscriptions rotate-secret. Then set"
            " header fields again.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredState:
    """What the diagnosis needs: ``posts`` are live posts by source, secrets those of no key."""

    posts: Mapping[str, int] = field(default_factory=dict)
    unreadable_secrets: int = 0
    held_since: datetime | None = None
    is_lost: bool = False


async def _read_database(settings: Settings) -> _StoredState:
    """Return what the diagnosis needs of the database.

    Raises `StorageError`, also if the keys decrypt no secret at all.
    """
    database = await Database.open(settings.database_url)
    secret_store = make_secret_store(settings, checks_key=True)
    try:
        async with database.read() as connection:
            await check_key(connection, secret_store)
            unreadable = await count_unreadable(connection, secret_store)
        known = KnownDatabase(database, StateFile(settings.data_folder / FILE_NAME))
        await known.compare()
        return _StoredState(
            posts=await Ledger(database).live_posts_by_source(),
            unreadable_secrets=unreadable,
            held_since=await DeliveryHold(database).since(),
            is_lost=known.is_lost,
        )
    finally:
        await database.close()


def _effective_settings(settings: Settings, described: SiteSource) -> Iterator[str]:
    """Yield what is in force of the settings that sites decide too, each with its origin."""
    source = described.source
    is_own = "markdown" not in source.derived
    origin = settings.origin_of(source, "markdown") if is_own else markdown_origin(described)
    yield f"Markdown is {engine_of(source)}: {origin}"
    own = (
        setting
        for setting in settings.own_settings(source)
        if setting.name.partition(".")[0] in _SITE_SETTINGS
    )
    for setting in (*own, *derived_settings(described)):
        value = json.dumps(setting.value, ensure_ascii=False)
        yield f"{setting.name} = {value} ({setting.origin or DEFAULT_ORIGIN})"


def _check_source(
    content: ContentService, source: Source
) -> Generator[Finding, None, SourceSnapshot | None]:
    """Check ``source`` and return its snapshot, if it can be read."""
    name = f"source {source.name}"
    try:
        index = content.index(source)
        index.repository.fetch()
        snapshot = index.served(index.repository.head())
    except SyndicateError as error:
        yield _error_finding(error)
        return None
    posts = f"{len(snapshot.posts)} post{'' if len(snapshot.posts) == 1 else 's'}"
    at = f"{source.ref} is at {snapshot.committed:%Y-%m-%d %H:%M} UTC, {snapshot.commit[:12]}"
    yield Finding(level="ok", what=f"{name}: {at}, with {posts}")
    for text in _effective_settings(content.settings, index.site_source):
        yield Finding(level="ok", what=f"{name}: {text}")
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
    yield from _check_snapshot(index, snapshot)
    return snapshot


def _check_snapshot(index: SourceIndex, snapshot: SourceSnapshot) -> Iterator[Finding]:
    """Yield the problems of a source and of its posts."""
    name = f"source {snapshot.source.name}"
    verifier = index.repository.verifier
    if verifier is not None and verifier.error is not None:
        yield _error_finding(verifier.error)
    if snapshot.error:
        kind = "change" if snapshot.error_code == "changes-held" else "removal"
        yield Finding(
            level="error",
            what=snapshot.error,
            hint=f"If the {kind} is intended, run: syndicate refresh --accept-{kind}s",
        )
    for problem in snapshot.problems:
        if problem.rule.startswith("site-"):
            yield Finding(
                level="error" if problem.level == "error" else "warning",
                what=f"{name}: {problem.message}",
                hint=problem.hint,
            )
        if problem.rule == "no-posts":
            hint = _hint_for_folder(index, snapshot, problem)
            yield Finding(level="error", what=f"{name}: {problem.message}", hint=hint)
    wrong = [
        problem
        for problem in snapshot.problems
        if problem.level != "notice" and not problem.rule.startswith(_REPORTED_RULES)
    ]
    if wrong:
        yield Finding(
            level="warning",
            what=f"{name}: problems in posts: {summarize(wrong)}",
            hint="List the problems with: syndicate check",
        )


def _hint_for_folder(index: SourceIndex, snapshot: SourceSnapshot, problem: Problem) -> str:
    """Return what to do about a folder without posts: perhaps the name of another one."""
    entries = index.repository.list_files(snapshot.commit, (Path("."),))
    pages = [entry.path for entry in entries if entry.path.lower().endswith(MARKDOWN_EXTENSIONS)]
    similar = [each for each in similar_folders(problem.path, pages) if each != problem.path]
    return f"Did you mean {' or '.join(similar)}?" if similar else problem.hint


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
