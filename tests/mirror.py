"""A partner that keeps a copy by `/v1/changes`, and a service whose every step a test takes."""

import pathlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from syndicate.model.asset import Asset
from syndicate.model.change import Told
from syndicate.model.edition import Edition, Readiness
from syndicate.model.intent import Intent
from syndicate.model.office import Office
from syndicate.model.position import Position
from syndicate.model.post import Item, Post, RenderedPosts
from syndicate.publisher.telling import Teller
from syndicate.service.newsroom import Newsroom
from syndicate.service.partners import Partners
from syndicate.storage.database import Database
from syndicate.storage.ledger import Ledger
from tests import samples
from tests.databases import prepare
from tests.partners import staffed
from tests.web.site import Site


@dataclass(kw_only=True)
class Mirror:
    """Applies what `/v1/changes` tells to a copy, and asks on from where it was.

    ``query`` narrows the copy; pages hold ``limit`` items.
    """

    query: str = ""
    limit: int = 50
    copy: dict[str, Any] = field(default_factory=dict)
    heard: list[tuple[str, str | None]] = field(default_factory=list)
    """Type and reason of everything that was told, in order."""
    next_url: str = ""

    async def sync(self, site: Site) -> None:
        """Apply everything that was told since the last time."""
        url = self.next_url or f"/v1/changes?limit={self.limit}&{self.query}"
        while True:
            answer = await site.answer(url.removeprefix(samples.MASTHEAD.public_url))
            assert answer.status_code == 200, answer.text
            page = answer.json()
            for item in page["items"]:
                self.apply(item)
            url = self.next_url = page["next_url"]
            if not page["has_more"]:
                return

    def apply(self, item: dict[str, Any]) -> None:
        """Apply one thing that was told, blindly."""
        data = item["data"]
        self.heard.append((item["type"], data["reason"]))
        if item["type"] == "post.removed":
            self.copy.pop(data["post"]["id"], None)
        else:
            self.copy[data["post"]["id"]] = data["post"]


async def posts(site: Site, query: str = "") -> dict[str, Any]:
    """Return what `/v1/posts` holds of a selection, by id."""
    answer = await site.answer(f"/v1/posts?limit=200&{query}")
    page = answer.json()
    assert page["next_url"] is None
    return {item["id"]: item for item in page["items"]}


@dataclass(kw_only=True)
class Bureau:
    """A service without its loops: `publish` is one turn of them. It is a `Record`."""

    newsroom: Newsroom
    database: Database
    ledger: Ledger
    edition: Edition
    readiness: Readiness = field(default_factory=lambda: Readiness(settled=True))
    partners: Partners = field(init=False)
    teller: Teller = field(init=False)

    def __post_init__(self) -> None:
        """Get a teller."""
        self.teller = self.hire()

    def hire(self, name: str = "here") -> Teller:
        """Return a teller that has not told anything yet."""
        return Teller(ledger=self.ledger, by=name, maker=self.newsroom, clock=self.newsroom.clock)

    async def publish(self, at: timedelta = timedelta()) -> bool:
        """Make the edition of now or of a time ahead, and tell it."""
        self.edition = self.newsroom.edition(at=self.newsroom.clock() + at)
        return await self.teller.tell(self.edition)

    async def items(self, posts: Sequence[Post], edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` as items."""
        return self.newsroom.items(posts, edition)

    async def rendered(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return all of them as items."""
        return RenderedPosts(items=await self.items(posts, edition))

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return a file."""
        return self.newsroom.asset(source, path, self.edition, with_content=with_content)

    def refresh(self, source: str) -> None:
        """Look at every source; only whoever publishes tells of it."""
        self.edition.part(source)
        self.edition = self.newsroom.edition()

    async def office(self) -> Office:
        """Return who looks after subscriptions."""
        return self.partners

    async def ask(self, _: Intent) -> timedelta:
        """Let everybody wait: nothing is verified here."""
        return timedelta(hours=1)

    async def told(self, after: Position | None, limit: int) -> tuple[Position, tuple[Told, ...]]:
        """Return what was told after a position."""
        return await self.ledger.moved(after, limit)


@asynccontextmanager
async def bureau(newsroom: Newsroom, address: str) -> AsyncIterator[Bureau]:
    """Open a service with the database at ``address``, which has told nothing yet."""
    prepare(address)
    database = await Database.open(address)
    try:
        opened = Bureau(
            newsroom=newsroom,
            database=database,
            ledger=Ledger(database),
            edition=newsroom.edition(),
        )
        async with staffed(database, opened, clock=lambda: opened.edition.at) as opened.partners:
            yield opened
    finally:
        await database.close()


def sqlite(folder: pathlib.Path, name: str = "syndicate") -> str:
    """Return the address of an SQLite database in ``folder``."""
    return f"sqlite:///{folder / name}.db"
