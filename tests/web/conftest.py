"""Shared fixtures of web tests: a migrated database of each kind."""

import pathlib
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.databases import DATABASE_KINDS, database_of_kind
from tests.stepwise_service import sqlite_url
from tests.web.portal_client import PortalClient, open_portal


@pytest.fixture(params=DATABASE_KINDS)
def address(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a migrated database without content."""
    with database_of_kind(request, tmp_path / "syndicate.db") as url:
        yield url


@pytest.fixture
async def portal(tmp_path: pathlib.Path) -> AsyncIterator[PortalClient]:
    """Return a browser at a service without subscriptions."""
    async with open_portal(sqlite_url(tmp_path)) as opened:
        yield opened
