"""A browser of the portal without a screen: it keeps cookies, and sends the forms of pages."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from urllib.parse import urlencode

from syndicate.model.access_token import Role
from syndicate.model.delivery import LEASE_MARGIN
from syndicate.storage.database import Database
from syndicate.storage.outbox import Outbox
from syndicate.web.http_policy import HttpPolicy
from tests import samples
from tests.storage.outbox_fixture import finished_attempt
from tests.web.api_client import HOOK, ApiClient, open_api_client
from tests.web.app_client import AppClient, AppResponse

FORM = "application/x-www-form-urlencoded"


@dataclass(kw_only=True)
class PortalClient:
    """A browser; ``cookie`` is what the service set last."""

    api_client: ApiClient
    cookie: str = ""
    csrf: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str) -> AppResponse:
        """Return a page, and remember the CSRF token of its forms."""
        response = await self._send("GET", path, {}, b"")
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', response.text)
        if found:
            self.csrf = found[1]
        return response

    async def post(
        self, path: str, fields: Mapping[str, object] | None = None, **headers: str
    ) -> AppResponse:
        """Send a form with the CSRF token of the last page."""
        body = urlencode({"csrf": self.csrf, **(fields or {})}, doseq=True).encode()
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._send("POST", path, {"Content-Type": FORM, **extra}, body)

    async def log_in(self, token: str, next_path: str = "") -> AppResponse:
        """Send the form of the login, and then load the portal."""
        response = await self.post("/portal/login", {"token": token, "next": next_path})
        if response.status_code == 303:
            await self.get("/portal")
        return response

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes
    ) -> AppResponse:
        cookies = {"Cookie": self.cookie} if self.cookie else {}
        response = await self.api_client.app_client.request_async(
            path, method=method, headers={**self.headers, **cookies, **headers}, content=content
        )
        if "set-cookie" in response.headers:
            self.cookie = response.headers["set-cookie"].partition(";")[0]
        return response


@asynccontextmanager
async def open_portal(
    database_url: str, *, policy: HttpPolicy | None = None, public_url: str = ""
) -> AsyncIterator[PortalClient]:
    """Open a service, and a browser that has not logged in."""
    async with open_api_client(database_url) as client:
        app_client = AppClient(
            reader=client.app_client.reader,
            policy=policy or HttpPolicy(egress=("198.51.100.0/28",)),
            service_info=replace(
                client.app_client.service_info,
                public_url=public_url or client.app_client.service_info.public_url,
            ),
        )
        yield PortalClient(api_client=replace(client, app_client=app_client))


async def logged_in(
    portal: PortalClient, name: str = "partner", role: Role = "partner", *, read_only: bool = False
) -> PortalClient:
    """Return another browser, of a person with a new token who has logged in."""
    owner = await portal.api_client.with_token(name, role, read_only=read_only)
    browser = PortalClient(api_client=owner)
    assert (await browser.log_in(owner.token)).status_code == 303
    return browser


def text_of(response: AppResponse) -> str:
    """Return the text of a page without tags, with single spaces."""
    main = response.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", f"<{main}")).split())


async def added(browser: PortalClient, **fields: object) -> str:
    """Add a subscription with the form, and return its id."""
    await browser.get("/portal/add")
    types = ["post.published", "post.updated", "post.removed"]
    response = await browser.post("/portal/add", {"url": HOOK, "types": types, **fields})
    assert response.status_code == 200, text_of(response)
    assert re.search(r"whsec_\S+", response.text)
    found = re.search(r"<code>(sub_[0-9a-f]+)</code>", response.text)
    assert found
    return found[1]


async def answered(portal: PortalClient, status: int) -> None:
    """Let endpoints respond to all due deliveries."""
    database = await Database.open(portal.api_client.database_url)
    try:
        store = portal.api_client.service.subscriptions.secret_store
        outbox = Outbox(database, store)
        claims = await outbox.claim(9, token="test", now=samples.NOW, lease=LEASE_MARGIN)
        await outbox.complete(
            [finished_attempt(one.delivery, status, samples.NOW) for one in claims]
        )
    finally:
        await database.close()


def location(response: AppResponse) -> str:
    """Return where a form leads to."""
    assert response.status_code == 303, text_of(response)
    return response.headers["location"]
