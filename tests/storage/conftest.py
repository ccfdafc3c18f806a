"""A migrated database of each kind for the tests of storage."""

import pathlib
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.databases import DATABASE_KINDS, database_of_kind
from tests.storage.hub_fixture import HubFixture, open_hub
from tests.storage.outbox_fixture import OutboxFixture, open_outbox


@pytest.fixture(params=DATABASE_KINDS)
def address(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a migrated database without content."""
    with database_of_kind(request, tmp_path / "folder" / "syndicate.db") as url:
        yield url


@pytest.fixture(params=DATABASE_KINDS)
def empty_address(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a database without tables."""
    with database_of_kind(request, tmp_path / "folder" / "syndicate.db", empty=True) as url:
        yield url


@pytest.fixture
async def outbox_fixture(address: str) -> AsyncIterator[OutboxFixture]:
    """Return an open database of each kind without content."""
    async with open_outbox(address) as opened:
        yield opened


@pytest.fixture
async def hub(address: str) -> AsyncIterator[HubFixture]:
    """Return an open database of each kind, for the hub."""
    async with open_hub(address) as opened:
        yield opened
