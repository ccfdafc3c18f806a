"""A service that a test runs step by step, and a mirror of its posts through `/v1/changes`."""

import pathlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from syndicate.model.asset import Asset
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import Post, RenderedPost, RenderedPosts
from syndicate.model.websub_request import WebSubRequest
from syndicate.publisher.ledger_service import LedgerWriter
from syndicate.service.content_service import ContentService
from syndicate.service.editor_reports import EditorReports
from syndicate.service.subscription_service import SubscriptionService
from syndicate.storage.database import Database
from syndicate.storage.ledger import Ledger
from syndicate.web.services import Readiness, SubscriptionManager
from tests import samples
from tests.databases import create_sqlite_database
from tests.subscription_services import subscription_service_on
from tests.web.app_client import AppClient, SampleSearch


@dataclass(kw_only=True)
class PostMirror:
    """Applies the items of `/v1/changes` to a copy, and continues from its cursor.

    ``query`` selects the posts; a page has ``limit`` items.
    """

    query: str = ""
    limit: int = 50
    posts: dict[str, Any] = field(default_factory=dict)
    received: list[tuple[str, str | None]] = field(default_factory=list)
    """Type and reason of every item received, in order."""
    next_url: str = ""

    async def sync(self, site: AppClient) -> None:
        """Apply all changes since the last call."""
        url = self.next_url or f"/v1/changes?limit={self.limit}&{self.query}"
        while True:
            response = await site.request_async(url[url.index("/v1/") :])
            assert response.status_code == 200, response.text
            page = response.json()
            for item in page["items"]:
                self.apply(item)
            url = self.next_url = page["next_url"]
            if not page["has_more"]:
                return

    def apply(self, item: dict[str, Any]) -> None:
        """Apply one item without checking it."""
        data = item["data"]
        self.received.append((item["type"], data["reason"]))
        if item["type"] == "post.removed":
            self.posts.pop(data["post"]["id"], None)
        else:
            self.posts[data["post"]["id"]] = data["post"]


async def served_posts(site: AppClient, query: str = "") -> dict[str, Any]:
    """Return the posts of a selection from `/v1/posts`, by id."""
    response = await site.request_async(f"/v1/posts?limit=200&{query}")
    page = response.json()
    assert page["next_url"] is None
    return {item["id"]: item for item in page["items"]}


@dataclass(kw_only=True)
class StepwiseService:
    """A service without its loops: `publish` runs one iteration of them."""

    content: ContentService
    database: Database
    ledger: Ledger
    edition: Edition
    removed: tuple[LedgerEntry, ...] = ()
    readiness: Readiness = field(default_factory=lambda: Readiness(is_ready=True))
    service_info: ServiceInfo = samples.SERVICE_INFO
    search: SampleSearch = field(default_factory=SampleSearch)
    subscriptions: SubscriptionService = field(init=False)
    ledger_writer: LedgerWriter = field(init=False)

    def __post_init__(self) -> None:
        """Create the ledger writer."""
        self.ledger_writer = self.new_ledger_writer()

    def new_ledger_writer(self, name: str = "here") -> LedgerWriter:
        """Return a ledger writer that has recorded nothing yet."""
        return LedgerWriter(
            database=self.database,
            holder=name,
            renderer=self.content.renderer,
            service_info=self.service_info,
            clock=self.content.clock,
        )

    @cached_property
    def editor_reports(self) -> EditorReports:
        """Reports on the edition."""
        return EditorReports(self.content, lambda: self.edition)

    @cached_property
    def site(self) -> AppClient:
        """A client of the web application."""
        return AppClient(reader=self, service_info=self.service_info)

    async def use(self, content: ContentService) -> None:
        """Restart with other settings, if ``content`` is of others: the database stays."""
        if content is not self.content:
            await self.ledger_writer.release_lease()
            self.content, self.service_info = content, content.settings.service_info
            vars(self).pop("site", None)
            self.ledger_writer = self.new_ledger_writer()
            catch_up = replace(self.subscriptions.catch_up, service_info=self.service_info)
            self.subscriptions = replace(self.subscriptions, catch_up=catch_up)

    async def publish(self, at: timedelta = timedelta()) -> bool:
        """Build the edition of now or of a later time, and record it."""
        self.edition = self.content.edition(at=self.content.clock() + at)
        return await self.ledger_writer.record(self.edition)

    async def render_posts(
        self, posts: Sequence[Post], edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return the rendered ``posts``."""
        return self.content.render_posts(posts, edition)

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return all ``posts``, rendered."""
        return RenderedPosts(items=await self.render_posts(posts, edition))

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return a file of the repository."""
        return self.content.asset(source, path, self.edition, with_content=with_content)

    def refresh(self, source: str) -> None:
        """Read every source again; only `publish` records the changes."""
        self.edition.snapshot(source)
        self.edition = self.content.edition()

    async def subscription_service(self) -> SubscriptionManager:
        """Return the subscription service."""
        return self.subscriptions

    async def request_subscription(self, _: WebSubRequest) -> timedelta:
        """Return an hour as the waiting time: WebSub requests are not verified here."""
        return timedelta(hours=1)

    async def ledger_entries_after(
        self, after: LedgerCursor | None, limit: int
    ) -> tuple[LedgerCursor, tuple[LedgerEntry, ...]]:
        """Return the ledger entries after a cursor."""
        return await self.ledger.entries_after(after, limit)


@asynccontextmanager
async def stepwise_service(
    content: ContentService, database_url: str
) -> AsyncIterator[StepwiseService]:
    """Open a service with a new database, in which nothing is recorded yet."""
    create_sqlite_database(database_url)
    database = await Database.open(database_url)
    try:
        service = StepwiseService(
            content=content,
            database=database,
            ledger=Ledger(database),
            edition=content.edition(),
        )
        async with subscription_service_on(
            database, service, clock=lambda: service.edition.at
        ) as service.subscriptions:
            try:
                yield service
            finally:
                if "editor_reports" in vars(service):
                    service.editor_reports.close()
    finally:
        await database.close()


def sqlite_url(folder: pathlib.Path, name: str = "syndicate") -> str:
    """Return the URL of an SQLite database in ``folder``."""
    return f"sqlite:///{folder / name}.db"
