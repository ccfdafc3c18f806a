"""What `doctor` looks at: settings, git, each source, the names of feeds, the database."""

import asyncio
import os
import pathlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Final, Literal
from urllib.parse import urlsplit

from syndicate import git
from syndicate.cli.problems import total
from syndicate.errors import SyndicateError
from syndicate.model.edition import Edition, NamedFeed, Part
from syndicate.model.post import Source
from syndicate.model.selection import Selection
from syndicate.private_files import make_folder
from syndicate.service.newsroom import Newsroom
from syndicate.settings import Settings, load

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that was looked at; ``hint`` says what to do about it, empty where nothing."""

    level: Literal["ok", "warning", "error"]
    what: str
    hint: str = ""


def examine(config: pathlib.Path | None) -> Iterator[Finding]:
    """Yield what is well and what is not; raises `SyndicateError` where no settings can be had."""
    settings = load(config, os.environ)
    yield Finding(level="ok", what=f"the settings in {settings.file} can be used")
    yield _git()
    yield _data(settings)
    yield from _address(settings)
    with Newsroom(settings) as newsroom:
        parts = []
        for source in settings.sources:
            part = yield from _source(newsroom, source)
            parts += [part] if part else []
        yield from _names(newsroom.put_together(parts))
    yield _database(settings)


def _trouble(error: SyndicateError) -> Finding:
    known = f" There are: {', '.join(error.known)}." if error.known else ""
    return Finding(level="error", what=error.what, hint=error.hint + known)


def _git() -> Finding:
    try:
        return Finding(level="ok", what=f"git {git.version()} is here")
    except SyndicateError as error:
        return _trouble(error)


def _data(settings: Settings) -> Finding:
    try:
        make_folder(settings.data)
        with TemporaryFile(dir=settings.data):
            return Finding(level="ok", what=f"{settings.data} can be written")
    except OSError as error:
        return Finding(
            level="error",
            what=f"{settings.data} cannot be written: {error.strerror}",
            hint="Give the user who runs the service the right to, or choose another service.data.",
        )


def _database(settings: Settings) -> Finding:
    from syndicate.storage.database import Database

    try:
        revision = asyncio.run(Database.check_at(settings.database_url))
    except SyndicateError as error:
        return _trouble(error)
    if not revision:
        return Finding(level="ok", what="the database is made when the service starts")
    return Finding(level="ok", what=f"the database is up to date: revision {revision}")


def _address(settings: Settings) -> Iterator[Finding]:
    public = urlsplit(settings.masthead.public_url)
    if public.hostname in _LOOPBACK:
        if settings.service.host not in _LOOPBACK:
            yield Finding(
                level="warning",
                what=f"feeds say that they are at {settings.masthead.public_url}",
                hint="Set service.public_url to the address that readers use.",
            )
    elif public.scheme != "https":
        yield Finding(
            level="warning",
            what=f"readers are sent to {settings.masthead.public_url}, without TLS",
            hint="Put a web server with a certificate in front, and name its https address.",
        )


def _source(newsroom: Newsroom, source: Source) -> Generator[Finding, None, Part | None]:
    """Yield what is to be said of ``source`` and return its part, if it can be read."""
    name = f"source {source.name}"
    try:
        index = newsroom.index(source)
        index.repository.fetch()
        part = index.part(index.repository.head())
    except SyndicateError as error:
        yield _trouble(error)
        return None
    posts = f"{len(part.posts)} post{'' if len(part.posts) == 1 else 's'}"
    at = f"{source.ref} is at {part.committed:%Y-%m-%d %H:%M} UTC, {part.commit[:12]}"
    yield Finding(level="ok", what=f"{name}: {at}, with {posts}")
    if index.repository.is_shallow:
        yield Finding(
            level="warning",
            what=f"{name}: the history is cut off, and ids and dates depend on where",
            hint=f"Complete it: git -C {source.repository} fetch --unshallow",
        )
    if part.failing:
        yield Finding(
            level="error",
            what=part.failing,
            hint="If that is meant: syndicate refresh --accept-removals",
        )
    for problem in part.problems:
        if problem.rule == "no-posts":
            yield Finding(level="error", what=f"{name}: {problem.what}", hint=problem.hint)
    wrong = [p for p in part.problems if p.level != "notice" and p.rule != "no-posts"]
    if wrong:
        yield Finding(
            level="warning",
            what=f"{name}: posts are to be mended: {total(wrong)}",
            hint="They are listed by: syndicate check",
        )
    return part


def _names(edition: Edition) -> Iterator[Finding]:
    for feed in edition.shadowed:
        first = edition.feed(feed.name)
        yield Finding(
            level="warning",
            what=f"/feeds/{feed.name} is {_kind(first)}, so {_kind(feed)} has no address",
            hint="Give one of them another name, or reach the second by query.",
        )


def _kind(feed: NamedFeed) -> str:
    if feed.selection == Selection.of(sources=[feed.name]):
        return f"the source {feed.title}"
    if feed.selection == Selection.of(categories=[feed.name]):
        return f"the category {feed.title}"
    return f"the feed {feed.title}"
