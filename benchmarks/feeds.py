"""Measure feeds: entries, joined bytes, and a hundred feeds after one changed post.

The comparison is feedgen writing each whole feed. Figures are CPU time, the best of several rounds;
they depend on the machine, their ratios hardly do.
"""

import asyncio
import random
import string
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from syndicate.errors import UnknownName
from syndicate.feeds import FeedCache, FeedRequest
from syndicate.feeds.formats import FORMATS, atom, rss
from syndicate.model.asset import Asset
from syndicate.model.category import Category
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition, SourceSnapshot
from syndicate.model.feed import Feed, ServiceInfo, build_feed, build_feed_view
from syndicate.model.post import (
    BlobId,
    CommitId,
    Path,
    Post,
    PostId,
    RenderedPost,
    RenderedPosts,
    SafeHtml,
    Source,
)
from syndicate.model.query import Query

NOW = datetime(2024, 6, 1, tzinfo=UTC)
SERVICE_INFO = ServiceInfo(title="Benchmark", public_url="https://feeds.example.gov", version="0")
SOURCE = Source(
    name="news",
    title="News",
    repository="",
    folders=(Path("news"),),
    dialect="jekyll",
    site_url="https://www.example.gov",
    id_authority="www.example.gov",
    zone=ZoneInfo("America/New_York"),
)
CATEGORIES = [Category(slug=f"c{number}", title=f"Category {number}") for number in range(100)]
RANDOM = random.Random(1)  # noqa: S311 — the same posts each time
WORDS = [
    "".join(RANDOM.choices(string.ascii_lowercase, k=RANDOM.randint(2, 10))) for _ in range(999)
]
PARAGRAPHS, WORDS_EACH = 8, 60
POSTS = 10_000


def post(number: int) -> Post:
    """Return a post of three categories, one for every hour."""
    published = NOW - timedelta(hours=number + 1)
    return Post(
        id=PostId(f"tag:www.example.gov,2024-01-01:{number:016x}"),
        source=SOURCE.name,
        path=Path(f"news/{number}.md"),
        blob=BlobId(f"{number:040x}"),
        url=f"https://www.example.gov/news/{number}",
        title=f"Post {number}",
        published=published,
        precision="second",
        updated=published,
        language="en",
        categories=tuple(RANDOM.sample(CATEGORIES, 3)),
        day=date(2024, 1, 1),
    )


def rendered_post(base_post: Post) -> RenderedPost:
    """Return ``base_post`` with 4 kB of content."""
    paragraphs = (" ".join(RANDOM.choices(WORDS, k=WORDS_EACH)) for _ in range(PARAGRAPHS))
    html = "".join(
        f'<p>{text} <a href="https://www.example.gov/">link</a></p>' for text in paragraphs
    )
    return RenderedPost(
        post=base_post, content=SafeHtml(html), text=html, summary=html[3:99], reading_minutes=2
    )


class PrerenderedReader:
    """A content reader of one edition, with rendered posts."""

    removed: tuple[LedgerEntry, ...] = ()

    def __init__(self, posts: Sequence[Post], items: dict[Post, RenderedPost]) -> None:
        snapshot = SourceSnapshot(
            source=SOURCE, commit=CommitId("0" * 40), committed=NOW, posts=tuple(posts)
        )
        self.edition = Edition.build([snapshot], at=NOW)
        self._items = items

    async def render_posts(
        self, posts: Sequence[Post], _edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return the rendered ``posts``."""
        return tuple(self._items[post] for post in posts)

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return all ``posts``, rendered."""
        return RenderedPosts(items=await self.render_posts(posts, edition))

    async def asset(
        self,
        source: str,
        path: str,
        *,
        with_content: bool = True,  # noqa: ARG002 — of the protocol
    ) -> Asset:
        """Raise `UnknownName`: the posts have no files."""
        raise UnknownName(f"{source} has no {path}", code="not-found", choices=())


def best_cpu_ms(work: Callable[[], object], rounds: int = 20) -> float:
    """Return the least CPU milliseconds of ``work``."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1000


def measure_one_feed(feed: Feed) -> None:
    """Print the cost of a feed of 50 entries in each format, compared with feedgen."""

    def whole_rss() -> bytes:
        generator = rss.feed_generator(feed)
        for rendered in feed.items:
            generator.add_entry(rss.entry_generator(rendered, SERVICE_INFO, "full"), order="append")
        return bytes(generator.rss_str())

    def whole_atom() -> bytes:
        generator = atom.feed_generator(feed)
        for rendered in feed.items:
            generator.add_entry(
                atom.entry_generator(rendered, SERVICE_INFO, "full"), order="append"
            )
        return bytes(generator.atom_str())

    peers: dict[str, Callable[[], bytes]] = {
        "json": partial(FORMATS["json"].write, feed),
        "rss": whole_rss,
        "atom": whole_atom,
    }
    for name, form in FORMATS.items():
        entries = [form.write_entry(rendered, SERVICE_INFO) for rendered in feed.items]
        joined_ms = best_cpu_ms(partial(form.join, feed, entries), 200)
        whole_ms = best_cpu_ms(peers[name])
        print(
            f"{name:5} {len(form.join(feed, entries)) // 1000:4} kB"
            f"   whole {whole_ms:6.2f} ms   joined {joined_ms:6.3f} ms"
            f"   {whole_ms / joined_ms:4.0f} times"
        )


async def request_all_feeds(feed_cache: FeedCache, reader: PrerenderedReader) -> None:
    """Request every category in every format."""
    for category in CATEGORIES:
        for form in FORMATS.values():
            request = FeedRequest(name=category.slug, query=Query(), feed_format=form)
            await feed_cache.get(reader, reader.edition, request)


def measure_hundred_feeds(posts: Sequence[Post], items: dict[Post, RenderedPost]) -> None:
    """Print the cost of 100 selections in three formats, at first and after a change."""
    feed_cache = FeedCache(SERVICE_INFO, max_bytes=2**30)
    changed = replace(posts[7], title="A new title", updated=NOW)
    changed_reader = PrerenderedReader(
        [changed if old_post is posts[7] else old_post for old_post in posts], items
    )
    items[changed] = replace(items[posts[7]], post=changed)
    for case, reader in [
        ("cold", PrerenderedReader(posts, items)),
        ("after one changed post", changed_reader),
    ]:
        start = time.process_time()
        asyncio.run(request_all_feeds(feed_cache, reader))
        print(f"100 selections in 3 formats, {case}: {(time.process_time() - start) * 1000:.0f} ms")


def main() -> None:
    """Create the posts and print all figures."""
    posts = [post(number) for number in range(POSTS)]
    items = {sample_post: rendered_post(sample_post) for sample_post in posts}
    edition = PrerenderedReader(posts, items).edition
    feed_view = build_feed_view(edition, "all", Query())
    feed = build_feed(
        edition,
        feed_view,
        SERVICE_INFO,
        [items[sample_post] for sample_post in feed_view.page.posts],
    )
    print(f"A feed of {len(feed.items)} entries")
    measure_one_feed(feed)
    measure_hundred_feeds(posts, items)


main()
