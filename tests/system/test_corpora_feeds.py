"""Feeds of the corpora have the same content in every format, and feedparser reads them."""

from collections import Counter
from collections.abc import Iterator, Sequence

import feedparser
import pytest

from syndicate.cache import Cache
from syndicate.content.post_renderer import PostRenderer
from syndicate.errors import UnknownName
from syndicate.feeds import FeedCache, FeedRequest
from syndicate.feeds.formats import FORMATS
from syndicate.model.asset import Asset
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.feed import build_feed_view
from syndicate.model.post import Post, RenderedPost, RenderedPosts
from syndicate.model.query import MAX_LIMIT, Query
from syndicate.render.pool.process_pool import RenderPool
from tests import corpora, samples
from tests.corpora import EIGHTEEN_F, LOGIN, USDS
from tests.feeds.formats.feed_readers import ParsedPost, parse_feed
from tests.system.conftest import OpenCorpus

pytestmark = [pytest.mark.corpora, pytest.mark.timeout(600)]


class EditionReader:
    """A content reader of one edition."""

    removed: tuple[LedgerEntry, ...] = ()

    def __init__(self, edition: Edition, renderer: PostRenderer) -> None:
        self.edition = edition
        self._renderer = renderer

    async def render_posts(
        self, posts: Sequence[Post], edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return the rendered ``posts``."""
        return self._renderer.render(posts, edition)

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
        """Raise `UnknownName`: there are no files."""
        raise UnknownName(f"no file is served at {path} of {source}")

    async def documents(self, feed_cache: FeedCache, name: str, query: Query) -> dict[str, bytes]:
        """Return the feed ``name`` in every format."""
        requests = [
            FeedRequest(name=name, query=query, feed_format=feed_format)
            for feed_format in FORMATS.values()
        ]
        return {
            request.feed_format.name: (await feed_cache.get(self, self.edition, request)).body
            for request in requests
        }


@pytest.fixture(scope="module")
def reader(open_corpus: OpenCorpus) -> Iterator[EditionReader]:
    """Return a reader of all three corpora together."""
    indexes = {source.name: open_corpus(source) for source in (USDS, LOGIN, EIGHTEEN_F)}
    snapshots = [index.snapshot(index.repository.resolve("main")) for index in indexes.values()]
    newest = max(samples.NOW, *(snapshot.committed for snapshot in snapshots))
    edition = Edition.build(snapshots, at=newest, vocabulary=corpora.VOCABULARY)
    render_pool = RenderPool(processes=2)
    yield EditionReader(edition, PostRenderer(indexes, cache=Cache(None), pool=render_pool))
    render_pool.close()


@pytest.fixture(scope="module")
async def documents(
    reader: EditionReader,
    anyio_backend: str,  # noqa: ARG001 — synchronous tests use this fixture
) -> dict[str, dict[str, bytes]]:
    """Return every feed in every format, and `all` to its last page."""
    feed_cache = FeedCache(samples.SERVICE_INFO)
    documents_by_feed = {
        name: await reader.documents(feed_cache, name, Query()) for name in reader.edition.feeds
    }
    after: str | None = ""
    while after is not None:
        query = Query(limit=MAX_LIMIT, after=after)
        documents_by_feed[query.canonical()] = await reader.documents(feed_cache, "all", query)
        after = build_feed_view(reader.edition, "all", query).page.next_cursor
    return documents_by_feed


def comparable(post: ParsedPost) -> tuple[object, ...]:
    """Return what must be equal in every format, to the second."""
    updated = post.updated.replace(microsecond=0)
    return (post.id, post.url, post.title, post.published, updated, post.summary, post.tags)


def test_every_feed_has_the_same_posts_in_every_format(
    reader: EditionReader, documents: dict[str, dict[str, bytes]]
) -> None:
    """Posts, order, dates, titles, summaries and tags are equal."""
    for name, written in documents.items():
        posts_by_format = {
            form: [comparable(post) for post in parse_feed(form, written[form])] for form in FORMATS
        }
        assert posts_by_format["json"] == posts_by_format["rss"] == posts_by_format["atom"], name
        if name in reader.edition.feeds:
            posts = reader.edition.select(reader.edition.feed(name).selection)
            assert [post[0] for post in posts_by_format["json"]] == [post.id for post in posts[:50]]


async def test_second_feed_cache_gives_the_same_bytes(
    reader: EditionReader, documents: dict[str, dict[str, bytes]]
) -> None:
    """The bytes do not depend on what was cached before."""
    feed_cache = FeedCache(samples.SERVICE_INFO)
    assert await reader.documents(feed_cache, "18f", Query()) == documents["18f"]


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_feedparser_reads_every_feed(
    reader: EditionReader, documents: dict[str, dict[str, bytes]], form: str
) -> None:
    """Page by page to the last post: well-formed, full content, no id twice."""
    entry_counts = Counter[str]()
    for name, written in documents.items():
        if name not in reader.edition.feeds:
            parsed = feedparser.parse(written[form], sanitize_html=False)
            assert not parsed.bozo
            assert all(entry.content[0].value and entry.title for entry in parsed.entries)
            entry_counts.update(entry.id for entry in parsed.entries)
    assert entry_counts == Counter(post.id for post in reader.edition.posts)


def test_xml_feeds_have_no_frames_and_no_relative_links(
    documents: dict[str, dict[str, bytes]],
) -> None:
    """The W3C validator warns about both."""
    for name, written in documents.items():
        for form in ("rss", "atom"):
            assert b"&lt;iframe" not in written[form], name
            assert b'href="#' not in written[form], name
