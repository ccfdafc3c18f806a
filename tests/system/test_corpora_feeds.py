"""Feeds of the real post folders are read alike in every format, and by a reader of its own."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence

import feedparser
import pytest

from syndicate.cache import Cache
from syndicate.errors import UnknownName
from syndicate.formats import FORMATS
from syndicate.index.item import Items
from syndicate.model.asset import Asset
from syndicate.model.edition import Edition, Readiness
from syndicate.model.post import Item, Post, RenderedPosts
from syndicate.model.query import MOST, Query
from syndicate.model.view import view
from syndicate.render.workroom import Workroom
from syndicate.representation import Press
from tests import corpora, samples
from tests.corpora import EIGHTEEN_F, LOGIN, USDS
from tests.formats.reading import Read, read
from tests.system.conftest import OpenCorpus

pytestmark = [pytest.mark.corpora, pytest.mark.timeout(600)]


class Library:
    """A reader of one edition."""

    readiness = Readiness(settled=True)

    def __init__(self, edition: Edition, maker: Items) -> None:
        self.edition = edition
        self._maker = maker

    async def items(self, posts: Sequence[Post], edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` as items."""
        return self._maker.make(posts, edition)

    async def rendered(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return all of them as items."""
        return RenderedPosts(items=await self.items(posts, edition))

    async def asset(
        self,
        source: str,
        path: str,
        *,
        with_content: bool = True,  # noqa: ARG002 — of the protocol
    ) -> Asset:
        """Have none."""
        raise UnknownName(f"no file is served at {path} of {source}")

    def documents(self, press: Press, name: str, query: Query) -> dict[str, bytes]:
        """Return the feed ``name`` in every format."""
        return {
            form.name: asyncio.run(press.feed(self, name, query, form)).body
            for form in FORMATS.values()
        }


@pytest.fixture(scope="module")
def library(open_corpus: OpenCorpus) -> Iterator[Library]:
    """Return a reader of all three folders together."""
    indexes = {source.name: open_corpus(source) for source in (USDS, LOGIN, EIGHTEEN_F)}
    parts = [index.part(index.repository.resolve("main")) for index in indexes.values()]
    newest = max(samples.NOW, *(part.committed for part in parts))
    edition = Edition.of(parts, at=newest, vocabulary=corpora.VOCABULARY)
    room = Workroom(processes=2)
    yield Library(edition, Items(indexes, cache=Cache(None), workroom=room))
    room.close()


@pytest.fixture(scope="module")
def documents(library: Library) -> dict[str, dict[str, bytes]]:
    """Return every feed in every format, and `all` to its last page."""
    press = Press(samples.MASTHEAD)
    found = {name: library.documents(press, name, Query()) for name in library.edition.feeds}
    after: str | None = ""
    while after is not None:
        query = Query(limit=MOST, after=after)
        found[query.canonical()] = library.documents(press, "all", query)
        after = view(library.edition, "all", query).page.after
    return found


def shared(post: Read) -> tuple[object, ...]:
    """Return what must be the same in every format, to the second."""
    updated = post.updated.replace(microsecond=0)
    return (post.id, post.url, post.title, post.published, updated, post.summary, post.tags)


def test_every_feed_says_the_same_in_every_format(
    library: Library, documents: dict[str, dict[str, bytes]]
) -> None:
    """Each source, category and the carousel: posts, order, dates, titles, summaries, tags."""
    for name, written in documents.items():
        told = {form: [shared(post) for post in read(form, written[form])] for form in FORMATS}
        assert told["json"] == told["rss"] == told["atom"], name
        if name in library.edition.feeds:
            posts = library.edition.select(library.edition.feed(name).selection)
            assert [post[0] for post in told["json"]] == [post.id for post in posts[:50]]


def test_another_press_gives_the_same_bytes(
    library: Library, documents: dict[str, dict[str, bytes]]
) -> None:
    """What was made and kept before has no part in what comes out."""
    assert library.documents(Press(samples.MASTHEAD), "18f", Query()) == documents["18f"]


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_feedparser_reads_everything(
    library: Library, documents: dict[str, dict[str, bytes]], form: str
) -> None:
    """Page after page to the last post: nothing malformed, full content, no id twice."""
    found = Counter[str]()
    for name, written in documents.items():
        if name not in library.edition.feeds:
            parsed = feedparser.parse(written[form], sanitize_html=False)
            assert not parsed.bozo
            assert all(entry.content[0].value and entry.title for entry in parsed.entries)
            found.update(entry.id for entry in parsed.entries)
    assert found == Counter(post.id for post in library.edition.posts)


def test_nothing_is_left_that_the_w3c_validator_warned_of(
    documents: dict[str, dict[str, bytes]],
) -> None:
    """Frames, links without a base, and entries that one commit updated at one instant."""
    for name, written in documents.items():
        for form in ("rss", "atom"):
            assert b"&lt;iframe" not in written[form], name
            assert b'href="#' not in written[form], name
        instants = Counter(post.updated for post in read("atom", written["atom"]))
        assert set(instants.values()) <= {1}, name
