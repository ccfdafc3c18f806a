"""A browser of an editor, on a real repository with a branch and a real database."""

import html
import pathlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from syndicate.web.http_policy import HttpPolicy
from tests.content_repository import ContentRepository
from tests.publisher.conftest import NOW, open_content_service
from tests.stepwise_service import StepwiseService, sqlite_url, stepwise_service
from tests.storage.outbox_fixture import subscriber
from tests.web.api_client import ApiClient
from tests.web.app_client import AppClient, AppResponse

PREVIEW_SETTINGS = """
[[sources]]
name = "news"
repository = "{url}"
preview = ["refs/pull/*/head"]
folders = ["news"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
"""

OTHER_SETTINGS = """
[[sources]]
name = "other"
repository = "other"
folders = ["posts"]
dialect = "jekyll"
site_url = "https://other.example.gov"
"""

FIRST = "news/2024-01-05-first.md"
LATER = "news/2024-02-05-later.md"
BROKEN = "news/2024-01-06-broken.md"
GONE = "news/2024-01-07-gone.md"
GOOD = (
    "---\ntitle: First\nauthors: [Ada Editor]\ntags: [Forms]\ncarousel_show: true\n"
    "image: /lake.png\nimage_alt: A lake\n---\nWords.\n"
)


@dataclass(frozen=True, kw_only=True)
class Editor:
    """A browser of an editor with a token, and of somebody without."""

    service: StepwiseService
    client: ApiClient
    stranger: ApiClient

    async def text(self, path: str, *, status: int = 200, **query: str) -> str:
        """Return the words of the page at ``path``, with one space between them."""
        response = await self.get(path, **query)
        assert response.status_code == status, response.text
        assert response.headers["cache-control"] == "no-store"
        main = response.text.partition("<main")[2].partition("</main>")[0]
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", main)).split())

    async def get(self, path: str, **query: str) -> AppResponse:
        """Return the response at ``path``."""
        return await self.client.request("GET", f"{path}?{urlencode(query)}")


@asynccontextmanager
async def editor_of(folder: pathlib.Path, *, is_open: bool = False) -> AsyncIterator[Editor]:
    """Serve a repository with a branch ``editorial``, and a partner who subscribed."""
    content = ContentRepository.create(folder / "content")
    content.commit(
        {FIRST: GOOD, BROKEN: "---\ntitle: Fine\n---\nWords.\n", GONE: GOOD, "lake.png": b"x"}
    )
    with open_content_service(folder) as content_service:
        async with stepwise_service(content_service, sqlite_url(folder)) as service:
            await service.publish()
            await Subscriptions(service.database, SecretStore()).add(subscriber("inbox"), NOW)
            content.commit(
                {
                    FIRST: GOOD + "More.\n",
                    LATER: "---\ntitle: First\n---\nWords.\n",
                    BROKEN: "---\ntitle: Update: broken\n---\nWords.\n",
                    GONE: None,
                }
            )
            content.create_branch("editorial")
            content.commit({FIRST: GOOD.replace("/lake.png", "''")}, branch="editorial")
            await service.publish()
            policy = HttpPolicy(pages_open=is_open)
            stranger = ApiClient(
                app_client=AppClient(reader=service, policy=policy),
                service=service.subscriptions,
                database_url="",
            )
            client = await stranger.with_token("web", "editor")
            yield Editor(service=service, client=client, stranger=stranger)
