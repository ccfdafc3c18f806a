"""Sample values of the model: complete and plausible, with keyword arguments to change fields.

Posts with different paths are different posts, with their own ids and URLs.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Literal, TypedDict
from zoneinfo import ZoneInfo

from typing_extensions import Unpack

from syndicate.model.category import Category, Vocabulary
from syndicate.model.departure import Departure
from syndicate.model.edition import Edition, HiddenFile, NamedFeed, Problem, SourceSnapshot
from syndicate.model.feed import Feed, ServiceInfo, SourceFeed, Tombstone
from syndicate.model.post import (
    Attachment,
    Author,
    BlobId,
    CarouselCard,
    CommitId,
    DatePrecision,
    IdRule,
    Image,
    Path,
    Post,
    PostId,
    RenderedPost,
    SafeHtml,
    Source,
)
from syndicate.model.query import ContentMode

NEW_YORK = ZoneInfo("America/New_York")
PUBLISHED = datetime(2024, 1, 29, tzinfo=NEW_YORK)
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
"""The time of sample editions: after every sample post was published."""
COMMIT = CommitId("c0" * 20)
TECHNOLOGY = Category(slug="technology", title="Technology")
TTS = Category(slug="tts", title="Technology Transformation Services")
SERVICE_INFO = ServiceInfo(
    title="Example agency feeds",
    public_url="https://feeds.example.gov",
    contact="feeds@example.gov",
    version="0.1.0",
)


class SourceFields(TypedDict, total=False):
    """Fields of a sample source that can be changed, in addition to its name."""

    title: str
    repository: str
    ref: str
    folders: tuple[Path, ...]
    dialect: str
    site_url: str
    id_authority: str
    zone: ZoneInfo
    language: str
    permalink: str
    categories: tuple[Category, ...]
    rights: str
    rights_url: str
    icon_url: str
    logo_url: str
    keys: tuple[tuple[str, tuple[str, ...]], ...]
    replacements: tuple[tuple[str, str], ...]
    authors: tuple[tuple[str, str], ...]
    author_urls: tuple[tuple[str, str], ...]
    embeds: tuple[str, ...]
    assets: Literal["link", "serve"]
    ids: IdRule


class PostFields(TypedDict, total=False):
    """Fields of a sample post that can be changed, in addition to its path."""

    id: PostId
    tag: PostId
    source: str
    blob: BlobId
    url: str
    title: str
    published: datetime
    precision: DatePrecision
    updated: datetime
    language: str
    categories: tuple[Category, ...]
    carousel: bool
    day: date
    expires: datetime | None
    translation: str
    is_named_after_file: bool


class RenderedPostFields(TypedDict, total=False):
    """Fields of a sample rendered post that can be changed, in addition to its post."""

    content: SafeHtml
    text: str
    summary: str
    image: Image | None
    attachments: tuple[Attachment, ...]
    authors: tuple[Author, ...]
    external_url: str
    reading_minutes: int
    card: CarouselCard | None
    translations: tuple[tuple[str, str], ...]


class SnapshotFields(TypedDict, total=False):
    """Fields of a sample snapshot that can be changed, in addition to its source and posts."""

    commit: CommitId
    committed: datetime
    configured: datetime | None
    departures: tuple[Departure, ...]
    hidden: tuple[HiddenFile, ...]
    problems: tuple[Problem, ...]
    error: str
    error_code: str
    is_stale: bool


class FeedFields(TypedDict, total=False):
    """Fields of a sample feed that can be changed, in addition to its posts."""

    service_info: ServiceInfo
    name: str
    title: str
    description: str
    query: str
    first_query: str
    next_query: str | None
    previous_query: str | None
    language: str
    updated: datetime
    sources: tuple[Source, ...]
    source_feeds: tuple[SourceFeed, ...]
    content: ContentMode
    tombstones: tuple[Tombstone, ...]


def source(name: str = "news", **overrides: Unpack[SourceFields]) -> Source:
    """Return a source of one folder called ``name`` whose site is www.example.gov."""
    fields: SourceFields = {
        "title": f"Example agency, {name}",
        "repository": f"/srv/repos/{name}.git",
        "folders": (Path(name),),
        "dialect": "news-and-blog",
        "site_url": "https://www.example.gov",
        "id_authority": "www.example.gov",
        "zone": NEW_YORK,
        "permalink": f"/{name}/:name",
        "rights": "Public domain",
        **overrides,
    }
    return Source(name=name, **fields)


def post(path: str = "news/2024-01-29-a-first-post.md", **overrides: Unpack[PostFields]) -> Post:
    """Return a post of source ``news``, published on 2024-01-29, day precision, one category.

    Its id, blob, URL and title are derived from source and path; ``updated`` and ``day`` from
    ``published``.
    """
    stem = PurePosixPath(path).stem
    name = overrides.get("source", "news")
    published = overrides.get("published", PUBLISHED)
    digest = hashlib.sha256(f"{name}\0{path}".encode()).hexdigest()
    fields: PostFields = {
        "source": name,
        "published": published,
        "id": PostId(f"tag:www.example.gov,2024-01-29:{digest[:16]}"),
        "blob": BlobId(digest[:40]),
        "url": f"https://www.example.gov/{name}/{stem}",
        "title": stem.replace("-", " "),
        "precision": "day",
        "updated": published,
        "language": "en",
        "categories": (TECHNOLOGY,),
        "day": published.date(),
        **overrides,
    }
    return Post(path=Path(path), **fields)


def with_own_id(base_post: Post, own_id: str) -> Post:
    """Return ``base_post`` as readers know it by ``own_id`` instead of its tag URI."""
    return replace(base_post, id=PostId(own_id), tag=base_post.tag_id)


def posts(count: int) -> tuple[Post, ...]:
    """Return ``count`` different posts, one a day from 2024-01-29 on, the newest first."""
    days = (PUBLISHED + timedelta(days=n) for n in reversed(range(count)))
    return tuple(post(f"news/{day:%Y-%m-%d}-a-post.md", published=day) for day in days)


def card(base_post: Post | None = None) -> CarouselCard:
    """Return the complete card of ``of``, with an image and its alternative text."""
    base_post = base_post or post()
    return CarouselCard(
        title=base_post.title,
        summary="What changes for applicants this spring.",
        image="https://www.example.gov/assets/spring.svg",
        image_alt="A calendar page with a check mark",
        date=base_post.day,
    )


def rendered_post(
    base_post: Post | None = None, **overrides: Unpack[RenderedPostFields]
) -> RenderedPost:
    """Return ``of`` as an item of one paragraph; with a card if it is in the carousel."""
    base_post = base_post or post()
    fields: RenderedPostFields = {
        "content": SafeHtml("<p>The office opens a new service.</p>"),
        "text": "The office opens a new service.",
        "summary": "A new service opens.",
        "authors": (Author(name="Ada Example"),),
        "reading_minutes": 1,
        "card": card(base_post) if base_post.carousel else None,
        **overrides,
    }
    return RenderedPost(post=base_post, **fields)


def source_snapshot(
    base_source: Source | None = None, *posts: Post, **overrides: Unpack[SnapshotFields]
) -> SourceSnapshot:
    """Return the part that holds ``posts`` of the source ``of``."""
    fields: SnapshotFields = {
        "commit": COMMIT,
        "committed": NOW,
        **overrides,
    }
    return SourceSnapshot(source=base_source or source(), posts=posts, **fields)


def edition(
    *posts: Post,
    at: datetime = NOW,
    vocabulary: Vocabulary = Vocabulary(),
    named: Iterable[NamedFeed] = (),
) -> Edition:
    """Return the edition of ``posts`` at ``at``, with a snapshot for each source they name."""
    names = tuple(dict.fromkeys(post.source for post in posts)) or ("news",)
    snapshots = (
        source_snapshot(
            source(name), *(each_post for each_post in posts if each_post.source == name)
        )
        for name in names
    )
    return Edition.build(snapshots, at=at, vocabulary=vocabulary, named_feeds=named)


def feed(*items: RenderedPost, **overrides: Unpack[FeedFields]) -> Feed:
    """Return the feed ``all`` with ``items`` on its only page."""
    fields: FeedFields = {
        "service_info": SERVICE_INFO,
        "name": "all",
        "title": "All posts",
        "updated": PUBLISHED,
        "sources": (source(),),
        **overrides,
    }
    return Feed(items=items, **fields)
