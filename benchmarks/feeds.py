"""What a feed costs: its entries, the joined bytes, and a hundred feeds after one changed post.

The peer is feedgen writing each feed as a whole. Figures are CPU time, the best of several rounds;
they differ between machines, their ratios hardly.
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
from syndicate.formats import FORMATS, atom, rss
from syndicate.model.asset import Asset
from syndicate.model.category import Category
from syndicate.model.edition import Edition, Part, Readiness
from syndicate.model.feed import Feed, Masthead
from syndicate.model.post import (
    BlobId,
    CommitId,
    Item,
    Path,
    Post,
    PostId,
    RenderedPosts,
    SafeHtml,
    Source,
)
from syndicate.model.query import Query
from syndicate.model.view import compose, view
from syndicate.representation import Press

NOW = datetime(2024, 6, 1, tzinfo=UTC)
MASTHEAD = Masthead(title="Benchmark", public_url="https://feeds.example.gov", version="0")
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
    """Return a post of three categories, one every hour."""
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


def item(of: Post) -> Item:
    """Return ``of`` with 4 kB of content."""
    paragraphs = (" ".join(RANDOM.choices(WORDS, k=WORDS_EACH)) for _ in range(PARAGRAPHS))
    html = "".join(
        f'<p>{text} <a href="https://www.example.gov/">link</a></p>' for text in paragraphs
    )
    return Item(post=of, content=SafeHtml(html), text=html, summary=html[3:99], reading_minutes=2)


class Stock:
    """A reader of one edition whose items are made beforehand."""

    readiness = Readiness(settled=True)

    def __init__(self, posts: Sequence[Post], items: dict[Post, Item]) -> None:
        part = Part(source=SOURCE, commit=CommitId("0" * 40), committed=NOW, posts=tuple(posts))
        self.edition = Edition.of([part], at=NOW)
        self._items = items

    async def items(self, posts: Sequence[Post], _edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` as items."""
        return tuple(self._items[post] for post in posts)

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
        """Raise `UnknownName`: the posts show no files."""
        raise UnknownName(f"{source} has no {path}", code="not-found", known=())


def best(work: Callable[[], object], rounds: int = 20) -> float:
    """Return the milliseconds of CPU that ``work`` takes at its best."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1000


def one_feed(feed: Feed) -> None:
    """Print what a feed of 50 entries costs in each format, beside feedgen writing it whole."""

    def whole_rss() -> bytes:
        made = rss.feed_generator(feed)
        for each in feed.items:
            made.add_entry(rss.entry_generator(each, MASTHEAD, "full"), order="append")
        return bytes(made.rss_str())

    def whole_atom() -> bytes:
        made = atom.feed_generator(feed)
        for each in feed.items:
            made.add_entry(atom.entry_generator(each, MASTHEAD, "full"), order="append")
        return bytes(made.atom_str())

    peers: dict[str, Callable[[], bytes]] = {
        "json": partial(FORMATS["json"].write, feed),
        "rss": whole_rss,
        "atom": whole_atom,
    }
    for name, form in FORMATS.items():
        entries = [form.entry(each, MASTHEAD) for each in feed.items]
        joined = best(partial(form.join, feed, entries), 200)
        whole = best(peers[name])
        print(
            f"{name:5} {len(form.join(feed, entries)) // 1000:4} kB"
            f"   whole {whole:6.2f} ms   joined {joined:6.3f} ms   {whole / joined:4.0f} times"
        )


async def all_feeds(press: Press, stock: Stock) -> None:
    """Ask for every category in every format."""
    for category in CATEGORIES:
        for form in FORMATS.values():
            await press.feed(stock, category.slug, Query(), form)


def hundred_feeds(posts: Sequence[Post], items: dict[Post, Item]) -> None:
    """Print what 100 selections in three formats cost at first and after one changed post."""
    press = Press(MASTHEAD, room=2**30)
    changed = replace(posts[7], title="A new title", updated=NOW)
    after = Stock([changed if each is posts[7] else each for each in posts], items)
    items[changed] = replace(items[posts[7]], post=changed)
    for what, stock in [("cold", Stock(posts, items)), ("after one changed post", after)]:
        start = time.process_time()
        asyncio.run(all_feeds(press, stock))
        print(f"100 selections in 3 formats, {what}: {(time.process_time() - start) * 1000:.0f} ms")


def main() -> None:
    """Make the posts and print all figures."""
    posts = [post(number) for number in range(POSTS)]
    items = {each: item(each) for each in posts}
    edition = Stock(posts, items).edition
    seen = view(edition, "all", Query())
    feed = compose(edition, seen, MASTHEAD, [items[each] for each in seen.page.posts])
    print(f"A feed of {len(feed.items)} entries")
    one_feed(feed)
    hundred_feeds(posts, items)


main()
