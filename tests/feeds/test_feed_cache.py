"""The feed cache builds each feed once and caches it until something changes."""

import asyncio
import gzip
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import ParamSpec, TypeVar

import brotli
import pytest
from typing_extensions import override

from syndicate.errors import UnknownName
from syndicate.feeds import FeedCache, Representation
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.link import Link
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.feed import build_feed, build_feed_view, last_modified
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import Post, SafeHtml
from syndicate.model.query import Query
from tests import samples
from tests.feeds.content_reader import SampleContentReader, get_feed

ATOM = FORMATS["atom"]
_P = ParamSpec("_P")
_T = TypeVar("_T")
POSTS = samples.posts(3)


def content_reader(*posts: Post) -> SampleContentReader:
    """Return a reader of a new edition of ``posts``."""
    return SampleContentReader(samples.edition(*posts))


async def test_feed_is_built_once_per_edition() -> None:
    """The next request gets the same object."""
    feed_cache, reader = FeedCache(samples.SERVICE_INFO), content_reader(*POSTS)
    first = await get_feed(feed_cache, reader, "all", Query(), ATOM)
    assert await get_feed(feed_cache, reader, "all", Query(), ATOM) is first


async def test_representation_has_the_bytes_of_its_format() -> None:
    """With entries from the cache or new ones."""
    feed_cache, reader = FeedCache(samples.SERVICE_INFO), content_reader(*POSTS)
    for feed_format in FORMATS.values():
        await get_feed(feed_cache, reader, "technology", Query(), feed_format)
        made = await get_feed(feed_cache, reader, "all", Query(limit=2), feed_format)
        seen = build_feed_view(reader.edition, "all", Query(limit=2))
        items = await reader.render_posts(seen.page.posts, reader.edition)
        feed = build_feed(reader.edition, seen, samples.SERVICE_INFO, items)
        assert made.body == feed_format.write(feed)
        assert made.media_type == feed_format.media_type
        assert made.last_modified == last_modified(reader.edition, seen)


async def test_representation_links_to_other_formats() -> None:
    """The links of the document, canonical, and an alternate for each other format."""
    made = await get_feed(
        FeedCache(samples.SERVICE_INFO), content_reader(*POSTS), "all", Query(), ATOM
    )
    address = "https://feeds.example.gov/feeds/all"
    assert made.links == (
        Link(rel="alternate", href=address, type="text/html"),
        Link(rel="self", href=f"{address}.atom", type="application/atom+xml"),
        Link(rel="canonical", href=f"{address}.atom"),
        Link(rel="alternate", href=f"{address}.json", type="application/feed+json"),
        Link(rel="alternate", href=f"{address}.rss", type="application/rss+xml"),
    )


async def test_formats_of_a_feed_share_rendered_posts() -> None:
    """Posts are rendered once for all three formats."""
    feed_cache, reader = FeedCache(samples.SERVICE_INFO), content_reader(*POSTS)
    for feed_format in FORMATS.values():
        await get_feed(feed_cache, reader, "all", Query(), feed_format)
    assert reader.requested == [POSTS]


async def test_concurrent_requests_share_one_build() -> None:
    """A request that is cancelled, even the first one, does not affect the others."""
    feed_cache, reader = FeedCache(samples.SERVICE_INFO), content_reader(*POSTS)
    first = asyncio.create_task(get_feed(feed_cache, reader, "all", Query(), ATOM))
    others = [
        asyncio.create_task(get_feed(feed_cache, reader, "all", Query(), ATOM)) for _ in range(9)
    ]
    await asyncio.sleep(0)
    first.cancel()
    made = await asyncio.gather(*others)
    assert first.cancelled() or first.result() is made[0]
    assert all(one is made[0] for one in made)
    assert len(reader.requested) <= 2
    assert await get_feed(feed_cache, reader, "all", Query(), ATOM) is made[0]


async def test_entry_is_written_once_for_all_feeds() -> None:
    """An unchanged post keeps its bytes in other feeds and editions; a changed one does not."""
    feed_cache = FeedCache(samples.SERVICE_INFO)
    await get_feed(feed_cache, content_reader(*POSTS), "all", Query(), ATOM)
    item = samples.rendered_post(
        POSTS[0], content=SafeHtml("<p>The office opens a new service.</p>")
    )
    kept = feed_cache.entry(item, ATOM)
    await get_feed(feed_cache, content_reader(*POSTS[:2]), "technology", Query(), ATOM)
    assert feed_cache.entry(item, ATOM) is kept
    changed = feed_cache.entry(replace(item, summary="Another summary."), ATOM)
    assert b"Another summary." in changed


async def test_unchanged_feed_keeps_its_bytes_in_a_new_edition() -> None:
    """Only the date of the last change moves, since another post came or went."""
    feed_cache = FeedCache(samples.SERVICE_INFO)
    part = samples.source_snapshot(samples.source(), *POSTS)
    later = replace(part, configured=POSTS[0].updated + timedelta(days=1))
    editions = [Edition.build([one], at=samples.NOW) for one in (part, later)]
    first = await get_feed(feed_cache, SampleContentReader(editions[0]), "all", Query(), ATOM)
    second = await get_feed(feed_cache, SampleContentReader(editions[1]), "all", Query(), ATOM)
    assert second.body is first.body
    assert second.gzip is first.gzip
    moments = [one.last_modified for one in (first, second) if one.last_modified]
    assert moments[1] - moments[0] == timedelta(days=1)


async def test_changed_post_changes_the_entity_tag() -> None:
    """Clients then get the new feed."""
    feed_cache = FeedCache(samples.SERVICE_INFO)
    old = await get_feed(feed_cache, content_reader(*POSTS), "all", Query(), ATOM)
    new = await get_feed(
        feed_cache,
        SampleContentReader(samples.edition(*POSTS), text="Closed."),
        "all",
        Query(),
        ATOM,
    )
    assert old.etag != new.etag
    assert b"Closed." in new.body


async def test_entity_tags_are_equal_on_all_replicas() -> None:
    """Whatever each feed cache has built before."""
    one, two = FeedCache(samples.SERVICE_INFO), FeedCache(samples.SERVICE_INFO)
    await get_feed(one, content_reader(*POSTS[1:]), "technology", Query(), ATOM)
    tags = {
        (await get_feed(feed_cache, content_reader(*POSTS), "all", Query(), ATOM)).etag
        for feed_cache in (one, two)
    }
    assert len(tags) == 1


def gone(post: Post) -> LedgerEntry:
    """Return the ledger entry of a deleted ``post``."""
    row = LedgerRow.from_post(post, is_live=False, generation=1)
    return LedgerEntry(row=row, reason="deleted", noticed_at=samples.NOW, commit=samples.COMMIT)


async def test_tombstones_are_those_of_the_selection() -> None:
    """Without those of posts that are published again."""
    others = samples.post("updates/2024-02-02-x.md", source="updates")
    removed = tuple(gone(post) for post in (POSTS[0], POSTS[1], others))

    feed_cache = FeedCache(samples.SERVICE_INFO)
    made = (
        await get_feed(
            feed_cache, content_reader(*POSTS[1:]), "news", Query(), ATOM, removed=removed
        )
    ).body
    assert made.count(b"<at:deleted-entry") == 1
    assert b'ref="%b"' % POSTS[0].id.encode() in made


async def test_removed_entries_change_a_feed_without_a_new_edition() -> None:
    """The ledger records removals a moment after the edition; other feeds keep their bytes."""
    feed_cache, reader = (
        FeedCache(samples.SERVICE_INFO),
        content_reader(*POSTS[1:]),
    )
    before = await get_feed(feed_cache, reader, "all", Query(), ATOM)
    elsewhere = await get_feed(feed_cache, reader, "carousel", Query(), ATOM)
    removed = (gone(POSTS[0]),)
    after = await get_feed(feed_cache, reader, "all", Query(), ATOM, removed=removed)
    assert before.etag != after.etag
    again = await get_feed(feed_cache, reader, "carousel", Query(), ATOM, removed=removed)
    assert again.body is elsewhere.body


async def test_unknown_feed_name_raises() -> None:
    """The error of the edition is passed on."""
    with pytest.raises(UnknownName, match="no feed called 'nowhere'"):
        await get_feed(
            FeedCache(samples.SERVICE_INFO), content_reader(*POSTS), "nowhere", Query(), ATOM
        )


async def wait_until_recompressed(
    feed_cache: FeedCache,
    reader: SampleContentReader,
    query: Query = Query(),  # noqa: B008
) -> Representation:
    """Request a feed until it has its final compression."""
    while True:
        made = await get_feed(feed_cache, reader, "all", query, ATOM)
        if made.is_recompressed:
            return made
        await asyncio.sleep(0.001)


async def test_final_compression_replaces_the_fast_one() -> None:
    """The first clients get fast gzip and brotli; the final compression is made once."""
    with ThreadPoolExecutor(1) as executor:
        feed_cache, reader = (
            FeedCache(samples.SERVICE_INFO, executor=executor),
            content_reader(*POSTS),
        )
        fast = await get_feed(feed_cache, reader, "all", Query(), ATOM)
        assert not fast.is_recompressed
        assert brotli.decompress(fast.br) == gzip.decompress(fast.gzip) == fast.body
        better = await wait_until_recompressed(feed_cache, reader)
        assert brotli.decompress(better.br) == gzip.decompress(better.gzip) == fast.body
        assert better.etag == fast.etag
        again = await get_feed(feed_cache, content_reader(*POSTS), "all", Query(), ATOM)
        assert again.br is better.br


async def test_late_compression_of_an_old_version_is_discarded() -> None:
    """When the feed has changed meanwhile."""
    gate = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        feed_cache, reader = (
            FeedCache(samples.SERVICE_INFO, executor=executor),
            content_reader(*POSTS),
        )
        executor.submit(gate.wait)
        await get_feed(feed_cache, content_reader(*POSTS[1:]), "all", Query(), ATOM)
        new = await get_feed(feed_cache, reader, "all", Query(), ATOM)
        gate.set()
        better = await wait_until_recompressed(feed_cache, reader)
        assert brotli.decompress(better.br) == new.body


async def test_feeds_are_recompressed_one_after_the_other() -> None:
    """The queue holds keys, so that the current version is compressed."""
    submitted = 0

    class Counted(ThreadPoolExecutor):
        @override
        def submit(
            self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs
        ) -> Future[_T]:
            nonlocal submitted
            submitted += 1
            return super().submit(fn, *args, **kwargs)

    gate = threading.Event()
    with Counted(1) as executor:
        feed_cache, reader = (
            FeedCache(samples.SERVICE_INFO, executor=executor),
            content_reader(*POSTS),
        )
        executor.submit(gate.wait)
        queries = [Query(limit=number) for number in range(1, 11)]
        for posts in (POSTS[1:], POSTS[:1], POSTS):
            reader = content_reader(*posts)
            for query in queries:
                await get_feed(feed_cache, reader, "all", query, ATOM)
        assert submitted == 2
        gate.set()
        for query in queries:
            await wait_until_recompressed(feed_cache, reader, query)
        assert submitted <= 2 + len(queries)
