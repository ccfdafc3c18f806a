"""A whole service over sample posts, asked in-process: the real application, without a socket."""

import asyncio
import json
from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from syndicate.errors import NotReady, StorageError, UnknownName
from syndicate.model.asset import Asset, media_type
from syndicate.model.category import Term, Vocabulary
from syndicate.model.change import Told
from syndicate.model.edition import Edition, NamedFeed, Readiness
from syndicate.model.feed import Masthead
from syndicate.model.intent import Intent
from syndicate.model.ledger import LedgerRow, Reason
from syndicate.model.office import Office
from syndicate.model.position import Position, Record
from syndicate.model.post import BlobId, Item, Post, PostId, RenderedPosts
from syndicate.model.selection import Selection
from syndicate.representation import Press
from syndicate.web.application import application
from syndicate.web.policy import Policy
from tests import samples

VOCABULARY = Vocabulary(
    terms=(
        Term(
            category=samples.TTS,
            aliases=("TTS", "Tech Transformation"),
        ),
    )
)
NAMED = NamedFeed(
    name="tech-carousel",
    title="Technology, featured",
    description="What technologists should see.",
    selection=Selection.of(categories=["technology"], carousel=True),
)

BLOB = BlobId("b10b" * 10)


@dataclass(kw_only=True)
class Library:
    """Reads from an edition that is at hand; makes an item of any post."""

    now: Edition | None
    readiness: Readiness = field(default_factory=lambda: Readiness(settled=True))
    known: dict[str, Item] = field(default_factory=dict)
    asked: int = 0
    ledger: tuple[Told, ...] = ()
    failing: str = ""
    refreshed: list[str] = field(default_factory=list)
    staff: Office | None = None
    intents: list[Intent] = field(default_factory=list)
    wait: timedelta = timedelta()

    @property
    def edition(self) -> Edition:
        """The edition at hand."""
        if self.now is None:
            raise NotReady("no source was read yet", hint="Try again in a moment.")
        return self.now

    async def items(self, posts: Sequence[Post], _edition: Edition) -> tuple[Item, ...]:
        """Return the known item of each post, or a plain one."""
        self.asked += len(posts)
        return tuple(self.known.get(post.id) or samples.item(post) for post in posts)

    async def rendered(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return all of them as items."""
        return RenderedPosts(items=await self.items(posts, edition))

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return what is called like a picture, but for one that is missing."""
        self.edition.part(source)
        if media_type(path) and path != "missing.png":
            content = b"bytes" if with_content else b""
            return Asset(blob=BLOB, content=content, committed=samples.NOW)
        raise UnknownName(f"no file is served at {path}", code="unknown-file")

    async def office(self) -> Office:
        """Return who looks after subscriptions, if there is anybody."""
        if self.staff is None:
            raise StorageError("there is no database here")
        return self.staff

    def refresh(self, source: str) -> None:
        """Remember what was to be looked at."""
        self.refreshed.append(self.edition.part(source).source.name)

    async def ask(self, intent: Intent) -> timedelta:
        """Remember what was asked of the hub."""
        self.intents.append(intent)
        return self.wait

    async def told(self, after: Position | None, limit: int) -> tuple[Position, tuple[Told, ...]]:
        """Return the rows of the ledger that follow, as a database would."""
        if self.failing:
            raise StorageError(self.failing)
        newest = max((one.row.generation for one in self.ledger), default=0)
        head = Position(ledger="1ed9e4", generation=newest + 1, post=PostId(""))
        start = after or head.beginning()
        start.check(head)
        place = (start.generation, start.post)
        rows = sorted(self.ledger, key=lambda one: (one.row.generation, one.row.post))
        later = [one for one in rows if (one.row.generation, one.row.post) > place]
        return start, tuple(later[:limit])


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: the body as it was sent, neither decoded nor followed."""

    status_code: int
    headers: httpx.Headers
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode()

    def json(self) -> Any:  # noqa: ANN401 — whatever JSON holds
        """Return the body as JSON."""
        return json.loads(self.content)

    def link(self, rel: str) -> str | None:
        """Return the address that the Link header has for ``rel``."""
        links = httpx.Response(200, headers={"link": self.headers.get("link", "")}).links
        return links.get(rel, {}).get("url")


@dataclass(kw_only=True)
class Site:
    """An application to be asked."""

    reader: Record
    policy: Policy = field(default_factory=Policy)
    masthead: Masthead = samples.MASTHEAD

    def __post_init__(self) -> None:
        """Assemble the application as the service does."""
        self.app = application(self.reader, Press(self.masthead), self.masthead, self.policy)

    def get(self, path: str, **headers: str) -> Answer:
        """Return the answer to GET; names of header fields are given with underscores."""
        return self.ask("GET", path, {k.replace("_", "-"): v for k, v in headers.items()})

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterable[bytes] = b"",
    ) -> Answer:
        """Return the answer to any request."""
        return asyncio.run(self.answer(path, method=method, headers=headers, content=content))

    async def answer(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterable[bytes] = b"",
    ) -> Answer:
        """Return the answer to any request, where a loop runs already."""
        transport = httpx.ASGITransport(self.app)
        fields = [
            (name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()
        ]
        request = httpx.Request(
            method, f"http://elsewhere.example:1234{path}", headers=fields, content=content
        )
        answer = await transport.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        body = b"".join([chunk async for chunk in answer.stream])
        return Answer(status_code=answer.status_code, headers=answer.headers, content=body)


def site(*posts: Post, policy: Policy | None = None) -> Site:
    """Return a service of ``posts``, by default some of two sources, with a named feed."""
    edition = samples.edition(*(posts or POSTS), vocabulary=VOCABULARY, named=[NAMED])
    return Site(reader=Library(now=edition, ledger=LEDGER), policy=policy or Policy())


POSTS = (
    *samples.posts(3),
    samples.post(
        "news/2024-03-01-featured.md",
        published=samples.PUBLISHED.replace(month=3, day=1),
        carousel=True,
        categories=(samples.TECHNOLOGY, samples.TTS),
    ),
    samples.post(
        "updates/2024-02-10-una-entrada.md",
        source="updates",
        published=samples.PUBLISHED.replace(month=2, day=10),
        language="es",
        categories=(samples.TTS,),
    ),
)


def told(post: Post, reason: Reason | None = "new", generation: int = 1) -> Told:
    """Return a row of the ledger: of a removal unless ``reason`` is new or None."""
    row = LedgerRow.of(post, live=reason in ("new", None), generation=generation)
    return Told(row=row, reason=reason, at=samples.NOW, commit=samples.COMMIT)


GONE = samples.post("news/2024-01-02-gone.md", categories=(samples.TTS,))
LEDGER = (*(told(post) for post in POSTS), told(GONE, "expired", 2))
"""What was told of the posts by default, and of one that left."""
