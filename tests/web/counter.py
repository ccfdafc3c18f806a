"""Partners at the counter: a service whose database is real, asked with tokens."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from syndicate.model.token import Role
from syndicate.service.partners import Partners
from tests import samples
from tests.partners import office_at
from tests.web.site import LEDGER, NAMED, POSTS, VOCABULARY, Answer, Library, Site

JSON: Final = {"Content-Type": "application/json"}
HOOK: Final = "http://127.0.0.1:9/hook"

YESTERDAY: Final = samples.NOW - timedelta(days=1)
"""When tokens were made."""


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A service, and what somebody shows who asks it."""

    site: Site
    office: Partners
    address: str
    token: str = ""

    async def of(
        self, name: str = "partner", role: Role = "partner", expires: datetime | None = None
    ) -> "Counter":
        """Return the same service as somebody with a new token sees it."""
        _, token = await self.office.tokens.create(role, name, YESTERDAY, expires=expires)
        return replace(self, token=token)

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Return the answer to a request with ``body`` as JSON."""
        fields = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            fields |= JSON
        return await self.site.answer(
            path,
            method=method,
            headers={**fields, **{k.replace("_", "-"): v for k, v in headers.items()}},
            content=b"" if body is None else json.dumps(body).encode(),
        )

    async def made(self, **wish: object) -> dict[str, Any]:
        """Subscribe, and return what is said of it."""
        answer = await self.ask("POST", "/v1/subscriptions", {"url": HOOK, **wish})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def open_counter(address: str) -> AsyncIterator[Counter]:
    """Open a service of the sample posts, all of which were told."""
    edition = samples.edition(*POSTS, vocabulary=VOCABULARY, named=[NAMED])
    library = Library(now=edition, ledger=LEDGER)
    async with office_at(address, library, told=LEDGER) as office:
        library.staff = office
        yield Counter(site=Site(reader=library), office=office, address=address)


def at_counter(address: str, visit: Callable[[Counter], Awaitable[None]]) -> None:
    """Open a service for a visit."""

    async def do() -> None:
        async with open_counter(address) as counter:
            await visit(counter)

    asyncio.run(do())
