"""The feed_cache makes each thing once and keeps it while nothing changes it."""

import asyncio
import gzip
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
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
from syndicate.model.feed_view import build_feed, build_feed_view, last_modified
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


def test_a_feed_is_made_once_per_edition() -> None:
    """The next reader of the same address gets the very same object."""

    async def scenario() -> None:
        feed_cache, reader = FeedCache(samples.SERVICE_INFO), content_reader(*POSTS)
        first = await get_feed(feed_cache, reader, "all", Query(), ATOM)
        assert await get_feed(feed_cache, reader, "all", Query(), ATOM) is first

    asyncio.run(scenario())


def test_a_representation_is_the_feed_that_its_format_writes() -> None:
    """Made of kept entries or not, the bytes are those of the format."""

    async def scenario() -> None:
        feed_cache, reader = FeedCache(samples.SERVICE_INFO), content_reader(*POSTS)
        for form in FORMATS.values():
            await get_feed(feed_cache, reader, "technology", Query(), form)
            made = await get_feed(feed_cache, reader, "all", Query(limit=2), form)
            seen = build_feed_view(reader.edition, "all", Query(limit=2))
            items = await reader.render_posts(seen.page.posts, reader.edition)
            feed = build_feed(reader.edition, seen, samples.SERVICE_INFO, items)
            assert made.body == form.write(feed)
            assert made.media_type == form.media_type
            assert made.last_modified == last_modified(reader.edition, seen)

    asyncio.run(scenario())


def test_an_answer_links_to_all_that_its_feed_links_to_and_to_the_other_formats() -> None:
    """Self, next and the rest as in the document; canonical; one alternate for each format."""

    async def scenario() -> None:
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

    asyncio.run(scenario())


def test_the_formats_of_a_feed_share_its_items() -> None:
    """Posts become items once for all three formats."""

    async def scenario() -> None:
        feed_cache, reader = FeedCache(samples.SERVICE_INFO), content_reader(*POSTS)
        for form in FORMATS.values():
            await get_feed(feed_cache, reader, "all", Query(), form)
        assert reader.requested == [POSTS]

    asyncio.run(scenario())


def test_a_feed_that_many_want_at_once_is_made_once() -> None:
    """The others wait for it; one who leaves, even the first, takes nothing from them."""

    async def scenario() -> None:
        feed_cache, reader = FeedCache(samples.SERVICE_INFO), content_reader(*POSTS)
        first = asyncio.create_task(get_feed(feed_cache, reader, "all", Query(), ATOM))
        others = [
            asyncio.create_task(get_feed(feed_cache, reader, "all", Query(), ATOM))
            for _ in range(9)
        ]
        await asyncio.sleep(0)
        first.cancel()
        made = await asyncio.gather(*others)
        assert first.cancelled() or first.result() is made[0]
        assert all(one is made[0] for one in made)
        assert len(reader.requested) <= 2
        assert await get_feed(feed_cache, reader, "all", Query(), ATOM) is made[0]

    asyncio.run(scenario())


def test_an_entry_is_written_once_for_all_feeds_and_editions() -> None:
    """A post that stays as it is keeps its bytes; one that changes gets new ones."""

    async def scenario() -> None:
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

    asyncio.run(scenario())


def test_a_new_edition_that_changes_no_byte_keeps_bytes_and_compression() -> None:
    """Only the date of the last change moves, since a post elsewhere came or went."""

    async def scenario() -> None:
        feed_cache = FeedCache(samples.SERVICE_INFO)
        part = samples.source_snapshot(samples.source(), *POSTS)
        later = replace(part, committed=part.committed + timedelta(days=1))
        editions = [Edition.build([one], at=samples.NOW) for one in (part, later)]
        first = await get_feed(feed_cache, SampleContentReader(editions[0]), "all", Query(), ATOM)
        second = await get_feed(feed_cache, SampleContentReader(editions[1]), "all", Query(), ATOM)
        assert second.body is first.body
        assert second.gzip is first.gzip
        moments = [one.last_modified for one in (first, second) if one.last_modified]
        assert moments[1] - moments[0] == timedelta(days=1)

    asyncio.run(scenario())


def test_a_new_edition_that_changes_a_post_changes_the_tag() -> None:
    """What a reader has is out of date, and says so."""

    async def scenario() -> None:
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

    asyncio.run(scenario())


def test_tags_are_the_same_on_every_replica() -> None:
    """Two presses that never met agree, whatever each made before."""

    async def scenario() -> None:
        one, two = FeedCache(samples.SERVICE_INFO), FeedCache(samples.SERVICE_INFO)
        await get_feed(one, content_reader(*POSTS[1:]), "technology", Query(), ATOM)
        tags = {
            (await get_feed(feed_cache, content_reader(*POSTS), "all", Query(), ATOM)).etag
            for feed_cache in (one, two)
        }
        assert len(tags) == 1

    asyncio.run(scenario())


def gone(post: Post) -> LedgerEntry:
    """Return what is told when ``post`` is deleted."""
    row = LedgerRow.from_post(post, is_live=False, generation=1)
    return LedgerEntry(row=row, reason="deleted", noticed_at=samples.NOW, commit=samples.COMMIT)


def test_what_left_is_told_for_the_selection() -> None:
    """Tombstones stand in Atom, those of other selections and of posts that are back do not."""
    others = samples.post("updates/2024-02-02-x.md", source="updates")
    removed = tuple(gone(post) for post in (POSTS[0], POSTS[1], others))

    async def scenario() -> None:
        feed_cache = FeedCache(samples.SERVICE_INFO)
        made = (
            await get_feed(
                feed_cache, content_reader(*POSTS[1:]), "news", Query(), ATOM, removed=removed
            )
        ).body
        assert made.count(b"<at:deleted-entry") == 1
        assert b'ref="%b"' % POSTS[0].id.encode() in made

    asyncio.run(scenario())


def test_what_left_is_told_without_a_new_edition() -> None:
    """The ledger knows it a moment later than the edition; what does not change stays."""

    async def scenario() -> None:
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

    asyncio.run(scenario())


def test_an_unknown_name_is_refused() -> None:
    """The error of the edition passes through."""
    with pytest.raises(UnknownName, match="no feed called 'nowhere'"):
        asyncio.run(
            get_feed(
                FeedCache(samples.SERVICE_INFO), content_reader(*POSTS), "nowhere", Query(), ATOM
            )
        )


async def wait_until_recompressed(
    feed_cache: FeedCache,
    reader: SampleContentReader,
    query: Query = Query(),  # noqa: B008
) -> Representation:
    """Ask for a feed until it comes well compressed."""
    while True:
        made = await get_feed(feed_cache, reader, "all", query, ATOM)
        if made.is_recompressed:
            return made
        await asyncio.sleep(0.001)


def test_better_compression_comes_later_and_stays() -> None:
    """The first readers get quick gzip and brotli; better ones follow, once."""

    async def scenario(executor: Executor) -> None:
        feed_cache, reader = (
            FeedCache(samples.SERVICE_INFO, executor=executor),
            content_reader(*POSTS),
        )
        hasty = await get_feed(feed_cache, reader, "all", Query(), ATOM)
        assert not hasty.is_recompressed
        assert brotli.decompress(hasty.br) == gzip.decompress(hasty.gzip) == hasty.body
        better = await wait_until_recompressed(feed_cache, reader)
        assert brotli.decompress(better.br) == gzip.decompress(better.gzip) == hasty.body
        assert better.etag == hasty.etag
        again = await get_feed(feed_cache, content_reader(*POSTS), "all", Query(), ATOM)
        assert again.br is better.br

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(scenario(executor))


def test_what_was_compressed_too_late_is_thrown_away() -> None:
    """When the feed has changed meanwhile, the old bytes do not come back."""

    async def scenario(executor: Executor, gate: threading.Event) -> None:
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

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(scenario(executor, threading.Event()))


def test_one_feed_at_a_time_is_compressed_well() -> None:
    """Whatever else is asked for meanwhile waits as an address: it may be another feed by then."""
    submitted = 0

    class Counted(ThreadPoolExecutor):
        @override
        def submit(
            self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs
        ) -> Future[_T]:
            nonlocal submitted
            submitted += 1
            return super().submit(fn, *args, **kwargs)

    async def scenario(executor: Executor, gate: threading.Event) -> None:
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

    with Counted(1) as executor:
        asyncio.run(scenario(executor, threading.Event()))
