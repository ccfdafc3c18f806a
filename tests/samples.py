"""Sample values of the model: complete, plausible, and changed by keyword where a test cares.

Two posts made with different paths are different posts, with ids and addresses of their own.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Literal, TypedDict
from zoneinfo import ZoneInfo

from typing_extensions import Unpack

from syndicate.model.category import Category, Vocabulary
from syndicate.model.edition import Edition, Hidden, NamedFeed, Part, Problem
from syndicate.model.feed import Feed, Masthead, Removal
from syndicate.model.post import (
    Author,
    BlobId,
    Card,
    CommitId,
    Image,
    Item,
    Path,
    Post,
    PostId,
    Precision,
    SafeHtml,
    Source,
)
from syndicate.model.query import Content

NEW_YORK = ZoneInfo("America/New_York")
PUBLISHED = datetime(2024, 1, 29, tzinfo=NEW_YORK)
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
"""When sample editions are made: after every sample post was published."""
COMMIT = CommitId("c0" * 20)
TECHNOLOGY = Category(slug="technology", title="Technology")
TTS = Category(slug="tts", title="Technology Transformation Services")
MASTHEAD = Masthead(
    title="Example agency feeds",
    public_url="https://feeds.example.gov",
    contact="feeds@example.gov",
    version="0.1.0",
)


class SourceChanges(TypedDict, total=False):
    """What may be said of a sample source, beside its name."""

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
    keys: tuple[tuple[str, tuple[str, ...]], ...]
    replacements: tuple[tuple[str, str], ...]
    authors: tuple[tuple[str, str], ...]
    embeds: tuple[str, ...]
    assets: Literal["link", "serve"]


class PostChanges(TypedDict, total=False):
    """What may be said of a sample post, beside its path."""

    id: PostId
    source: str
    blob: BlobId
    url: str
    title: str
    published: datetime
    precision: Precision
    updated: datetime
    language: str
    categories: tuple[Category, ...]
    carousel: bool
    day: date
    expires: datetime | None
    translation: str


class ItemChanges(TypedDict, total=False):
    """What may be said of a sample item, beside its post."""

    content: SafeHtml
    text: str
    summary: str
    image: Image | None
    authors: tuple[Author, ...]
    external_url: str
    reading_minutes: int
    card: Card | None
    translations: tuple[tuple[str, str], ...]


class PartChanges(TypedDict, total=False):
    """What may be said of a sample part, beside its source and posts."""

    commit: CommitId
    committed: datetime
    hidden: tuple[Hidden, ...]
    problems: tuple[Problem, ...]
    failing: str
    failing_kind: str
    is_stale: bool


class FeedChanges(TypedDict, total=False):
    """What may be said of a sample feed, beside its items."""

    masthead: Masthead
    name: str
    title: str
    description: str
    query: str
    first_query: str
    next_query: str | None
    language: str
    updated: datetime
    sources: tuple[Source, ...]
    content: Content
    removed: tuple[Removal, ...]


def source(name: str = "news", **changes: Unpack[SourceChanges]) -> Source:
    """Return a source of one folder called ``name`` whose site is www.example.gov."""
    fields: SourceChanges = {
        "title": f"Example agency, {name}",
        "repository": f"/srv/repos/{name}.git",
        "folders": (Path(name),),
        "dialect": "news-and-blog",
        "site_url": "https://www.example.gov",
        "id_authority": "www.example.gov",
        "zone": NEW_YORK,
        "permalink": f"/{name}/:name",
        "rights": "Public domain",
        **changes,
    }
    return Source(name=name, **fields)


def post(path: str = "news/2024-01-29-a-first-post.md", **changes: Unpack[PostChanges]) -> Post:
    """Return a post of source ``news``, published on 2024-01-29, day precision, one category.

    Its id, blob, address and title follow from source and path; ``updated`` and ``day`` from
    ``published``.
    """
    stem = PurePosixPath(path).stem
    name = changes.get("source", "news")
    published = changes.get("published", PUBLISHED)
    digest = hashlib.sha256(f"{name}\0{path}".encode()).hexdigest()
    fields: PostChanges = {
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
        **changes,
    }
    return Post(path=Path(path), **fields)


def posts(count: int) -> tuple[Post, ...]:
    """Return ``count`` different posts, one a day from 2024-01-29 on, the newest first."""
    days = (PUBLISHED + timedelta(days=n) for n in reversed(range(count)))
    return tuple(post(f"news/{day:%Y-%m-%d}-a-post.md", published=day) for day in days)


def card(of: Post | None = None) -> Card:
    """Return the complete card of ``of``, with a picture and its description."""
    of = of or post()
    return Card(
        title=of.title,
        summary="What changes for applicants this spring.",
        image="https://www.example.gov/assets/spring.svg",
        image_alt="A calendar page with a check mark",
        date=of.day,
    )


def item(of: Post | None = None, **changes: Unpack[ItemChanges]) -> Item:
    """Return ``of`` as an item of one paragraph; with a card if it is in the carousel."""
    of = of or post()
    fields: ItemChanges = {
        "content": SafeHtml("<p>The office opens a new service.</p>"),
        "text": "The office opens a new service.",
        "summary": "A new service opens.",
        "authors": (Author(name="Ada Example"),),
        "reading_minutes": 1,
        "card": card(of) if of.carousel else None,
        **changes,
    }
    return Item(post=of, **fields)


def part(of: Source | None = None, *posts: Post, **changes: Unpack[PartChanges]) -> Part:
    """Return the part that holds ``posts`` of the source ``of``."""
    fields: PartChanges = {
        "commit": COMMIT,
        "committed": NOW,
        **changes,
    }
    return Part(source=of or source(), posts=posts, **fields)


def edition(
    *posts: Post,
    at: datetime = NOW,
    vocabulary: Vocabulary = Vocabulary(),
    named: Iterable[NamedFeed] = (),
) -> Edition:
    """Return the edition of ``posts`` at ``at``, a part for each source they name."""
    names = tuple(dict.fromkeys(post.source for post in posts)) or ("news",)
    parts = (part(source(name), *(p for p in posts if p.source == name)) for name in names)
    return Edition.of(parts, at=at, vocabulary=vocabulary, named=named)


def feed(*items: Item, **changes: Unpack[FeedChanges]) -> Feed:
    """Return the feed ``all`` with ``items`` on its only page."""
    fields: FeedChanges = {
        "masthead": MASTHEAD,
        "name": "all",
        "title": "All posts",
        "updated": PUBLISHED,
        "sources": (source(),),
        **changes,
    }
    return Feed(items=items, **fields)
