"""Shared fixtures of web tests: a migrated database of each kind."""

import pathlib
from collections.abc import Iterator

import pytest

from tests.databases import DATABASE_KINDS, database_of_kind


@pytest.fixture(params=DATABASE_KINDS)
def address(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a migrated database without content."""
    with database_of_kind(request, tmp_path / "syndicate.db") as url:
        yield url


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio."""
    return "asyncio"
