"""A client of the API with a token, on a service with a real database."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from syndicate.model.access_token import NewToken, Role
from syndicate.model.audit import SERVICE
from syndicate.service.subscription_service import SubscriptionService
from tests import samples
from tests.subscription_services import subscription_service_with_ledger
from tests.web.app_client import (
    LEDGER,
    NAMED,
    POSTS,
    VOCABULARY,
    AppClient,
    AppResponse,
    SampleReader,
)

JSON: Final = {"Content-Type": "application/json"}
HOOK: Final = "http://127.0.0.1:9/hook"

YESTERDAY: Final = samples.NOW - timedelta(days=1)
"""When tokens were made."""


@dataclass(frozen=True, kw_only=True)
class ApiClient:
    """A service, and the token of a client."""

    app_client: AppClient
    service: SubscriptionService
    database_url: str
    token: str = ""

    async def with_token(
        self,
        name: str = "partner",
        role: Role = "partner",
        expires: datetime | None = None,
        *,
        read_only: bool = False,
    ) -> "ApiClient":
        """Return a client of the same service with a new token."""
        new = NewToken(role=role, name=name, expires=expires, read_only=read_only)
        _, token = await self.service.access.tokens.create(new, YESTERDAY, SERVICE)
        return replace(self, token=token)

    async def request(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> AppResponse:
        """Return the answer to a request with ``body`` as JSON."""
        fields = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            fields |= JSON
        return await self.app_client.request_async(
            path,
            method=method,
            headers={**fields, **{k.replace("_", "-"): v for k, v in headers.items()}},
            content=b"" if body is None else json.dumps(body).encode(),
        )

    async def subscribe(self, **fields: object) -> dict[str, Any]:
        """Subscribe, and return the response."""
        response = await self.request("POST", "/v1/subscriptions", {"url": HOOK, **fields})
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.json()
        return found


@asynccontextmanager
async def open_api_client(database_url: str) -> AsyncIterator[ApiClient]:
    """Open a service of the sample posts, all of which are in the ledger."""
    edition = samples.edition(*POSTS, vocabulary=VOCABULARY, named=[NAMED])
    library = SampleReader(current=edition, ledger=LEDGER)
    async with subscription_service_with_ledger(database_url, library, entries=LEDGER) as service:
        library.service = service
        yield ApiClient(
            app_client=AppClient(reader=library), service=service, database_url=database_url
        )
